using Keyhole.Packets;

namespace Keyhole.NetStack.Tests.Scripts;

/// <summary>Asks a stack of its own which initial sequence number it gives a connection at an instant.</summary>
internal sealed class IsnProbe(StackOptions options, int peer) : IPacketSink, IFlowHost
{
    private readonly byte[] _packet = new byte[2_048];
    private uint _isn;

    public uint OfAccept(in FlowKey key, long now)
    {
        var stack = new TcpStack(options, this, this);
        int ip = IpHeader.LengthFor(key.Source);
        byte[] syn = new byte[ip + TcpHeader.MinimumLength];
        IpHeader.Write(syn, key.Source, key.Destination, IpProtocol.Tcp, TcpHeader.MinimumLength);
        TcpHeader.Write(syn.AsSpan(ip), key.SourcePort, key.DestinationPort, 1, 0, TcpFlags.Syn, 1_000, default);
        TcpHeader.WriteChecksum(syn.AsSpan(ip), key.Source, key.Destination);
        stack.Input(syn, peer, now);
        stack.Flush(now);
        return _isn;
    }

    public uint OfConnect(in FlowKey key, long now)
    {
        var stack = new TcpStack(options, this, this);
        Assert.NotNull(stack.Connect(key, peer, now));
        stack.Flush(now);
        return _isn;
    }

    Span<byte> IPacketSink.Rent(int peer, int length) => _packet.AsSpan(0, length);

    void IPacketSink.Commit(int peer, int length)
    {
        Assert.True(IpView.TryParse(_packet.AsSpan(0, length), out var view));
        Assert.True(TcpView.TryParse(view.Payload, out var tcp));
        _isn = tcp.SequenceNumber;
    }

    bool IPacketSink.CanSend(int peer) => true;

    void IFlowHost.OnSyn(PendingSyn syn) => syn.Accept();

    void IFlowHost.OnSynAbandoned(PendingSyn syn)
    {
    }

    void IFlowHost.OnConnected(TcpFlow flow)
    {
    }

    void IFlowHost.OnReadable(TcpFlow flow)
    {
    }

    void IFlowHost.OnSendSpace(TcpFlow flow)
    {
    }

    void IFlowHost.OnPeerFin(TcpFlow flow)
    {
    }

    void IFlowHost.OnPeerReset(TcpFlow flow)
    {
    }

    void IFlowHost.OnClosed(TcpFlow flow)
    {
    }
}
