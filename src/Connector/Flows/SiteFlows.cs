using System.Collections.Frozen;
using Keyhole.Edge;
using Keyhole.Net;
using Keyhole.NetStack;
using Keyhole.Packets;
using Keyhole.Tunnel;

namespace Keyhole.Connector;

/// <summary>
/// Everything between an opened inner packet and the sockets of the site: policy, the TCP stack with its dials and pumps, UDP and
/// echo flows, fragments. One thread owns it. New flows are checked against the rules; open ones are cut when the rules that
/// allowed them go.
/// </summary>
internal sealed partial class SiteFlows : IFlowHost, IUdpFlowHost, IEchoHost, IDisposable
{
    private readonly IPacketSink _sink;
    private readonly TcpStack _tcp;
    private readonly Reassembler _reassembler;
    private readonly TargetList<TcpTarget> _tcpTargets = new((target, index) => target.ListIndex = index);
    private readonly TargetList<DatagramTarget> _datagramTargets = new((target, index) => target.ListIndex = index);
    private readonly byte[] _icmp = new byte[IcmpError.MaximumLength];

    private AccessRules _rules = AccessRules.None;
    private TargetRules _targetRules = HostAddresses.Read();
    private FrozenSet<IpEndpoint> _daemons = FrozenSet<IpEndpoint>.Empty;
    private DenialBucket _denials;
    private bool _draining;

    /// <param name="loop">The loop of the data thread.</param>
    /// <param name="sink">Takes packets for a client; the peer is the client's row identifier.</param>
    public SiteFlows(EventLoop loop, IPacketSink sink, SiteFlowsOptions options)
    {
        Loop = loop;
        _sink = sink;
        AttemptTimeout = options.AttemptTimeout;
        Resolver = new NameResolver(loop);
        _tcp = new TcpStack(options.Tcp, sink, this);
        Udp = new UdpFlowTable(options.Udp, sink, this);
        Echo = new IcmpEchoTable(options.Echo, sink, this);
        _reassembler = new Reassembler(options.Reassembly);
        _denials = new DenialBucket(options.DenialsPerSecond);
    }

    public SiteFlowCounts Counts { get; } = new();

    /// <summary>False once the system refused an echo socket: net.ipv4.ping_group_range leaves this process out.</summary>
    public bool PingAvailable { get; internal set; } = true;

    /// <summary>Nothing is open any more.</summary>
    public bool IsIdle => _tcpTargets.Count == 0 && _datagramTargets.Count == 0 && _tcp.FlowCount == 0;

    /// <summary>When <see cref="Tick"/> is to be called.</summary>
    public long NextDeadline
    {
        get
        {
            long next = Math.Min(Math.Min(_tcp.NextDeadline, Udp.NextDeadline), Math.Min(Echo.NextDeadline, _reassembler.NextDeadline));
            return Math.Min(next, _nextAttemptAt);
        }
    }

    internal EventLoop Loop { get; }

    internal NameResolver Resolver { get; }

    internal UdpFlowTable Udp { get; }

    internal IcmpEchoTable Echo { get; }

    internal long AttemptTimeout { get; }

    /// <summary>One datagram at a time passes through here on its way from a socket.</summary>
    internal byte[] Scratch { get; } = GC.AllocateUninitializedArray<byte>(65536, pinned: true);

    /// <summary>The time of the turn that runs; handlers of sockets read the clock themselves.</summary>
    internal long Now { get; private set; }

    public StackCounters TcpCounters => _tcp.Counters;

    /// <summary>Replaces the rules and cuts what they no longer allow, before it returns.</summary>
    /// <returns>Flows cut.</returns>
    public int Apply(AccessRules rules, long now)
    {
        Now = now;
        _rules = rules;
        int cut = 0;
        for (int i = _tcpTargets.Count - 1; i >= 0; i--)
        {
            if (i >= _tcpTargets.Count)
                continue;
            var target = _tcpTargets[i];
            if (Decide(target.Client, target.Key, out var decided) == AccessVerdict.Allowed && target.IsFor(decided))
                continue;
            target.Cut();
            cut++;
        }

        for (int i = _datagramTargets.Count - 1; i >= 0; i--)
        {
            if (i >= _datagramTargets.Count)
                continue;
            var target = _datagramTargets[i];
            if (Decide(target.Client, target.Key, out var decided) == AccessVerdict.Allowed && target.IsFor(decided))
                continue;
            target.Cut();
            cut++;
        }

        Counts.Cut += cut;
        _tcp.Flush(now);
        return cut;
    }

    /// <summary>The host's addresses changed, or may have.</summary>
    public void SetTargetRules(TargetRules rules) => _targetRules = rules;

    /// <summary>TCP endpoints of the site that nobody's flow leads to, whatever is granted: see <see cref="DaemonEndpoints"/>.</summary>
    public void SetDaemons(FrozenSet<IpEndpoint> daemons) => _daemons = daemons;

    /// <summary>Open flows go on, new ones are dropped in silence: clients try another connector.</summary>
    public void BeginDrain() => _draining = true;

    /// <summary>One opened inner packet of a client; the session vouches for the client, the packet for nothing.</summary>
    public void Input(ReadOnlySpan<byte> packet, int client, long now)
    {
        Now = now;
        if (!IpView.TryParse(packet, out var view))
        {
            Counts.Malformed++;
            return;
        }

        if (!view.IsFragment)
            Dispatch(view, client, now);
        else if (_reassembler.TryAdd(view, client, now, out var whole) && IpView.TryParse(whole, out var assembled))
            Dispatch(assembled, client, now);
    }

    /// <summary>The way to a client carries less than before: its flows follow at the next <see cref="Flush"/>.</summary>
    public void PathChanged(int client) => _tcp.PathChanged(client);

    /// <summary>Sends what the stack has gathered; at the end of every batch.</summary>
    public void Flush(long now)
    {
        Now = now;
        _tcp.Flush(now);
        Counts.TcpOpen = _tcpTargets.Count;
        Counts.UdpOpen = Udp.Count;
        Counts.EchoOpen = Echo.Count;
    }

    public void Tick(long now)
    {
        Now = now;
        _tcp.Tick(now);
        Udp.Tick(now);
        Echo.Tick(now);
        _reassembler.Tick(now);
        TickDials(now);
    }

    public void Dispose()
    {
        for (int i = _tcpTargets.Count - 1; i >= 0; i--)
            if (i < _tcpTargets.Count)
                _tcpTargets[i].Cut();
        for (int i = _datagramTargets.Count - 1; i >= 0; i--)
            if (i < _datagramTargets.Count)
                _datagramTargets[i].Cut();
    }

    /// <summary>A socket is ready: the turn has a time of its own.</summary>
    internal void BeginTurn() => Now = MonotonicClock.Now;

    internal bool MayDial(IpAddress address, bool isExact) => _targetRules.Allows(address, isExact);

    internal bool MayDialTcp(in IpEndpoint endpoint, bool isExact) => MayDial(endpoint.Address, isExact) && !_daemons.Contains(endpoint);

    private void Dispatch(in IpView view, int client, long now)
    {
        switch (view.Protocol)
        {
            case IpProtocol.Tcp:
                _tcp.Input(view.Packet, client, now);
                break;
            case IpProtocol.Udp:
                Udp.Input(view, client, now);
                break;
            case IpProtocol.Icmp or IpProtocol.Icmpv6:
                InputIcmp(view, client, now);
                break;
            default:
                Counts.Malformed++;
                Deny(view, client, AccessVerdict.ProtocolNotCarried);
                break;
        }
    }

    private void InputIcmp(in IpView view, int client, long now)
    {
        if (!IcmpErrorView.TryParse(view, out var error))
            Echo.Input(view, client, now);
        else if (error.Flow.Protocol == IpProtocol.Udp)
            Udp.InputError(error, client);
        else
            _tcp.Input(view.Packet, client, now);
    }

    private AccessVerdict Decide(int client, in FlowKey key, out AccessTarget target) =>
        _rules.Decide(client, key.Source, key.Destination, key.Protocol, key.DestinationPort, out target);

    /// <summary>Tells the client that policy forbids it, within a rate; beyond that it hears nothing.</summary>
    private void Deny(in IpView view, int client, AccessVerdict verdict)
    {
        Counts.Deny(verdict);
        if (!_denials.TryTake(Now) || !IcmpError.TryWrite(_icmp, view, view.Destination, IcmpErrorKind.AdministrativelyProhibited, 0, out int length))
            return;
        var slot = _sink.Rent(client, length);
        if (slot.IsEmpty)
            return;
        _icmp.AsSpan(0, length).CopyTo(slot);
        _sink.Commit(client, length);
    }
}
