using Keyhole.Edge;
using Keyhole.Net;
using Keyhole.Packets;
using Keyhole.Tunnel;

namespace Keyhole.Client;

/// <summary>
/// The local side of the proxy: what listens on this machine, the connections that came, and the policy that their targets are held against. One thread
/// owns it.
/// </summary>
internal sealed class ProxyFront : IDisposable
{
    private const int MaximumConnections = TunnelFlows.MaximumTcpFlows;
    private const int MaximumHandshakes = 512;
    private const int MaximumAssociations = 256;
    private const long HandshakeTimeout = 10_000_000;
    private const long PauseLength = 200_000;

    /// <summary>How long one address outside the tunnel is tried.</summary>
    private const long DirectTimeout = 10_000_000;

    private readonly ProxyOptions _options;
    private readonly List<LocalListener> _listeners = [];
    private readonly List<UdpForward> _udpForwards = [];
    private readonly HashSet<UdpAssociation> _associations = [];
    private readonly Queue<(SocksConnection Connection, long Deadline)> _handshakes = new();
    private readonly Queue<(DirectDial Dial, int Attempt, long Deadline)> _dials = new();
    private readonly Stack<byte[]> _buffers = new();
    private long _resumeAt = long.MaxValue;

    /// <exception cref="NetworkException">A port is in use, or an address is not this machine's.</exception>
    public ProxyFront(EventLoop loop, TunnelFlows flows, ProxyOptions options)
    {
        _options = options;
        DirectRules = options.Direct ? HostAddresses.Read() : new TargetRules([]);
        Loop = loop;
        Flows = flows;
        Resolver = new NameResolver(loop);
        if (options.Listen is { } listen)
            _listeners.Add(new LocalListener(listen, loop, AcceptSocks));
        foreach (var forward in options.Forwards)
        {
            if (forward.IsUdp)
                _udpForwards.Add(new UdpForward(this, forward));
            else
                _listeners.Add(new LocalListener(forward.Listen, loop, socket => AcceptForward(socket, forward)));
        }
    }

    public EventLoop Loop { get; }

    public TunnelFlows Flows { get; }

    /// <summary>Names outside the tunnel, as this machine resolves them.</summary>
    public NameResolver Resolver { get; }

    public LocalDatagrams Datagrams { get; } = new();

    public ProxyCounts Counts { get; } = new();

    public SocksCredentials? Credentials => _options.Credentials;

    /// <summary>Targets that were not granted are reached outside the tunnel.</summary>
    public bool IsDirect => _options.Direct;

    /// <summary>What is not dialled outside the tunnel. This machine's addresses change: whoever owns the proxy sets it anew.</summary>
    public TargetRules DirectRules { get; set; }

    /// <summary>Where SOCKS5 and HTTP CONNECT are spoken; null for nowhere.</summary>
    public IpEndpoint? Listen => _options.Listen is null ? null : _listeners[0].Local;

    public IReadOnlyList<PortForward> Forwards => _options.Forwards;

    /// <summary>Local connections that are open.</summary>
    public int ConnectionCount { get; private set; }

    public int AssociationCount => _associations.Count;

    public ITargetPolicy Policy { get; private set; } = GrantedTargets.None;

    /// <summary>When <see cref="Tick"/> is to be called.</summary>
    public long NextDeadline => Math.Min(
        _resumeAt,
        Math.Min(_handshakes.TryPeek(out var oldest) ? oldest.Deadline : long.MaxValue, _dials.TryPeek(out var dial) ? dial.Deadline : long.MaxValue));

    /// <summary>Follows a policy from now on, and ends what it does not allow.</summary>
    /// <returns>Flows that ended.</returns>
    public int Follow(ITargetPolicy policy)
    {
        Policy = policy;
        return Flows.Cut(policy);
    }

    /// <summary>Holds a target against the policy.</summary>
    /// <param name="source">The client's address to send from, when granted.</param>
    /// <param name="endpoint">Where the target is inside the tunnel, when granted.</param>
    public TargetVerdict Find(in ProxyTarget target, byte protocol, out IpAddress source, out IpEndpoint endpoint)
    {
        IpAddress address = target.Address;
        var verdict = target.Name is { } name
            ? Policy.Find(name, protocol, target.Port, out source, out address)
            : Policy.Find(address, protocol, target.Port, out source);
        endpoint = new IpEndpoint(address, target.Port);
        return verdict;
    }

    /// <summary>A connection has ended.</summary>
    public void Release() => ConnectionCount--;

    /// <summary>A buffer for what a connection says before its flow is open.</summary>
    public byte[] RentBuffer() => _buffers.TryPop(out byte[]? buffer) ? buffer : new byte[ProxyHandshake.MaximumLength];

    public void ReturnBuffer(byte[] buffer)
    {
        if (_buffers.Count < MaximumHandshakes)
            _buffers.Push(buffer);
    }

    /// <summary>A socket of its own for the datagrams of a client; null when too many are open or none is to be had.</summary>
    public UdpAssociation? Associate(in IpEndpoint local, IpAddress client, ushort clientPort)
    {
        if (_associations.Count >= MaximumAssociations)
            return null;
        try
        {
            var association = new UdpAssociation(this, local, client, clientPort);
            _associations.Add(association);
            return association;
        }
        catch (NetworkException)
        {
            return null;
        }
    }

    /// <summary>Has a dial told when the time of the address that it tries is over.</summary>
    public void Watch(DirectDial dial, int attempt) => _dials.Enqueue((dial, attempt, MonotonicClock.Now + DirectTimeout));

    public void Forget(UdpAssociation association) => _associations.Remove(association);

    public void Tick(long now)
    {
        while (_handshakes.TryPeek(out var oldest) && (oldest.Deadline <= now || !oldest.Connection.IsNegotiating))
        {
            _handshakes.Dequeue();
            oldest.Connection.Expire();
        }

        while (_dials.TryPeek(out var dial) && (dial.Deadline <= now || !dial.Dial.IsTrying(dial.Attempt)))
        {
            _dials.Dequeue();
            dial.Dial.Expire(dial.Attempt);
        }

        bool isDue = _resumeAt <= now;
        if (isDue)
            _resumeAt = long.MaxValue;
        foreach (var listener in _listeners)
        {
            if (listener.IsPaused && isDue)
                listener.Resume();
            else if (listener.IsPaused)
                _resumeAt = Math.Min(_resumeAt, now + PauseLength);
        }
    }

    /// <summary>Answers to local programs leave; at the end of every turn.</summary>
    public void Flush() => Datagrams.Flush();

    public void Dispose()
    {
        foreach (var listener in _listeners)
            listener.Dispose();
        foreach (var forward in _udpForwards)
            forward.Dispose();
        foreach (var association in _associations.ToList())
            association.Dispose();
        Datagrams.Dispose();
    }

    private void AcceptForward(NonBlockingSocket socket, in PortForward forward)
    {
        if (!Admit(socket))
            return;
        Flows.BeginTurn();
        new ForwardedConnection(this, socket).Begin(forward.Target);
    }

    private void AcceptSocks(NonBlockingSocket socket)
    {
        if (!Admit(socket))
            return;
        Flows.BeginTurn();
        // Of too many that have not said what they want the oldest goes.
        while (_handshakes.Count >= MaximumHandshakes)
            _handshakes.Dequeue().Connection.Expire();
        var connection = new SocksConnection(this, socket);
        _handshakes.Enqueue((connection, Flows.Now + HandshakeTimeout));
        connection.Start();
    }

    private bool Admit(NonBlockingSocket socket)
    {
        Counts.Accepted++;
        if (ConnectionCount >= MaximumConnections)
        {
            Counts.Busy++;
            socket.Abort();
            return false;
        }

        ConnectionCount++;
        return true;
    }
}
