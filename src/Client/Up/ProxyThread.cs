using Keyhole.Edge;
using Keyhole.Net;
using Keyhole.NetStack;
using Keyhole.Packets;
using Keyhole.Tunnel;

namespace Keyhole.Client;

/// <summary>
/// The data thread of proxy mode: connections of this machine's programs become flows of the user-space stack, whose packets go to <see cref="ClientState"/>.
/// <code>
/// out   local socket → SocketPump → TcpStack → Commit → ClientState.Send
/// in    ClientState.Receive → TunnelFlows.Input → TcpStack → SocketPump → local socket
/// </code>
/// </summary>
internal sealed class ProxyThread : ClientThread, IPacketSink
{
    /// <summary>Errors about the flows' own packets that one turn may bring.</summary>
    private const int MaximumErrors = 16;

    private readonly byte[] _packet;
    private readonly byte[] _errors = new byte[MaximumErrors * IcmpError.MaximumLength];
    private readonly int[] _errorLengths = new int[MaximumErrors];
    private int _errorCount;
    private long _narrowings;

    /// <exception cref="NetworkException">A port of the proxy is in use, or no socket is to be had.</exception>
    public ProxyThread(Func<DatagramOut, ClientState> state, ProxyOptions options) : base(state)
    {
        _packet = new byte[State.LargestMtu];
        Flows = new TunnelFlows(this, State.LargestMtu);
        Front = new ProxyFront(Loop, Flows, options);
    }

    public TunnelFlows Flows { get; }

    public ProxyFront Front { get; }

    protected override long NextDeadline => Math.Min(base.NextDeadline, Math.Min(Flows.NextDeadline, Front.NextDeadline));

    public Span<byte> Rent(int peer, int length) => length <= _packet.Length ? _packet.AsSpan(0, length) : default;

    public void Commit(int peer, int length)
    {
        var packet = _packet.AsSpan(0, length);
        if (!State.Send(packet, Flows.Now, out var reason))
            Refuse(packet, reason);
    }

    /// <summary>What comes before its session waits in there, within bounds.</summary>
    public bool CanSend(int peer) => true;

    public FlowMtu MtuOf(int peer, in FlowKey flow) => State.MtuOf(flow, Flows.Now);

    protected override void Received(ReceiveBatch datagrams, long now)
    {
        foreach (var datagram in datagrams.Datagrams)
        {
            if (State.Receive(datagram.First, datagram.Source, now, out var packet, datagram.IsFragmented))
                Flows.Input(packet, now);
        }
    }

    protected override void Tick(long now)
    {
        base.Tick(now);
        if (now >= Flows.NextDeadline)
            Flows.Tick(now);
        Front.Tick(now);
    }

    protected override void Flush(long now)
    {
        if (_narrowings != State.NarrowingTotal)
        {
            _narrowings = State.NarrowingTotal;
            Flows.PathChanged();
        }

        Flows.Flush(now);
        TakeErrors(now);
        base.Flush(now);
        Front.Flush();
    }

    protected override void Dispose(bool disposing)
    {
        Front.Dispose();
        base.Dispose(disposing);
    }

    /// <summary>A packet that goes nowhere comes back as the error that a router would send, so that a connect need not wait. The stack takes it after its own turn.</summary>
    private void Refuse(ReadOnlySpan<byte> packet, ClientDropReason reason)
    {
        if (_errorCount < MaximumErrors
            && PacketRefusal.KindOf(reason) is { } kind
            && IpView.TryParse(packet, out var ip)
            && IcmpError.TryWrite(_errors.AsSpan(_errorCount * IcmpError.MaximumLength, IcmpError.MaximumLength), ip, ip.Destination, kind, State.MtuOf(packet, Flows.Now).Current, out int length))
            _errorLengths[_errorCount++] = length;
    }

    private void TakeErrors(long now)
    {
        int count = _errorCount;
        _errorCount = 0;
        for (int i = 0; i < count; i++)
            Flows.Input(_errors.AsSpan(i * IcmpError.MaximumLength, _errorLengths[i]), now);
    }
}
