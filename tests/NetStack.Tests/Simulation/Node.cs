namespace Keyhole.NetStack.Tests.Simulation;

/// <summary>One stack with its host and its end of the network.</summary>
internal sealed class Node : IPacketSink, IFlowHost
{
    public const int Peer = 1;

    private readonly World _world;
    private readonly bool _isA;
    private byte[]? _rented;

    public Node(World world, StackOptions options, bool isA)
    {
        _world = world;
        _isA = isA;
        Stack = new TcpStack(options, this, this);
    }

    public TcpStack Stack { get; }

    public List<TcpFlow> Flows { get; } = [];

    /// <summary>The tunnel has no room.</summary>
    public bool IsBlocked { get; set; }

    public void Connect(Conversation conversation)
    {
        var flow = Stack.Connect(_world.KeyOf(conversation), Peer, _world.Now);
        if (flow is null)
        {
            conversation.Caller.Closed(CloseReason.Unreachable);
            return;
        }

        Adopt(flow, conversation.Caller);
    }

    Span<byte> IPacketSink.Rent(int peer, int length)
    {
        _rented ??= _world.Network.Rent();
        var span = _rented.AsSpan(0, length);
        span.Fill(PacketLog.Unwritten);
        return span;
    }

    void IPacketSink.Commit(int peer, int length)
    {
        byte[] packet = _rented!;
        _rented = null;
        _world.Network.Send(packet, length, toB: _isA, _world.Now);
    }

    bool IPacketSink.CanSend(int peer) => !IsBlocked;

    void IFlowHost.OnSyn(PendingSyn syn)
    {
        var conversation = _world.ConversationOf(syn.Key);
        if (conversation.WasAccepted || conversation.FromA == _isA)
        {
            // A late duplicate: whoever sent it has long moved on.
            syn.Drop();
            return;
        }

        _world.At(_world.Now + conversation.DialTime, () => Answer(syn, conversation));
    }

    void IFlowHost.OnSynAbandoned(PendingSyn syn)
    {
    }

    void IFlowHost.OnConnected(TcpFlow flow) => SpeakerOf(flow).Wake();

    void IFlowHost.OnReadable(TcpFlow flow) => SpeakerOf(flow).Wake();

    void IFlowHost.OnSendSpace(TcpFlow flow) => SpeakerOf(flow).Wake();

    void IFlowHost.OnPeerFin(TcpFlow flow) => SpeakerOf(flow).Wake();

    void IFlowHost.OnPeerReset(TcpFlow flow) => _world.Progress();

    void IFlowHost.OnClosed(TcpFlow flow)
    {
        if (!Flows.Remove(flow))
            _world.Fail("a flow was closed twice");
        SpeakerOf(flow).Closed(flow.CloseReason);
    }

    private static Speaker SpeakerOf(TcpFlow flow) => (Speaker)flow.State!;

    private void Answer(PendingSyn syn, Conversation conversation)
    {
        switch (conversation.Outcome)
        {
            case DialOutcome.Reset:
                syn.Reset();
                break;
            case DialOutcome.Unreachable:
                syn.Unreachable(UnreachableCode.Host);
                break;
            case DialOutcome.Drop:
                syn.Drop();
                break;
            default:
                if (!conversation.WasAccepted && syn.Accept() is { } flow)
                {
                    conversation.WasAccepted = true;
                    Adopt(flow, conversation.Callee);
                }

                break;
        }
    }

    private void Adopt(TcpFlow flow, Speaker speaker)
    {
        Flows.Add(flow);
        flow.State = speaker;
        speaker.Flow = flow;
    }
}
