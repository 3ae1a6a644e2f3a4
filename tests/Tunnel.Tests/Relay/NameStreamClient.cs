using System.Buffers.Binary;
using Keyhole.NetStack;
using Keyhole.Packets;

namespace Keyhole.Tunnel.Tests.Relay;

/// <summary>A stock app's own TCP, with one connection to the name server.</summary>
internal sealed class NameStreamClient : IFlowHost, IPacketSink
{
    private readonly RelayWorld _world;
    private readonly SimulatedAgent _agent;
    private readonly TcpStack _tcp;
    private readonly byte[] _packet = new byte[2048];
    private readonly List<byte> _received = [];

    public NameStreamClient(RelayWorld world, SimulatedAgent agent, ushort port)
    {
        _world = world;
        _agent = agent;
        _tcp = new TcpStack(new StackOptions { Secret = new byte[32], Mtu = 1280 }, this, this);
        agent.OnPacket = packet =>
        {
            _tcp.Input(packet, 1, world.Now);
            _tcp.Flush(world.Now);
            return null;
        };
        Flow = _tcp.Connect(new FlowKey(IpProtocol.Tcp, IpAddress.Parse(agent.Row.Addresses[0]), port, NameWorld.Server, 53), 1, world.Now)!;
        Run();
    }

    public TcpFlow Flow { get; }

    public CloseReason? Ended { get; private set; }

    public void Send(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Flow.GetSendSpan());
        Flow.Commit(bytes.Length);
        Run();
    }

    public static byte[] Frame(byte[] query) => [(byte)(query.Length >> 8), (byte)query.Length, .. query];

    /// <summary>Whole answers that have come since the last call.</summary>
    public List<byte[]> TakeAnswers()
    {
        var answers = new List<byte[]>();
        while (_received.Count >= 2)
        {
            int length = BinaryPrimitives.ReadUInt16BigEndian([_received[0], _received[1]]);
            if (_received.Count < 2 + length)
                break;
            answers.Add([.. _received.Skip(2).Take(length)]);
            _received.RemoveRange(0, 2 + length);
        }

        return answers;
    }

    /// <summary>The stack has no losses to mend here; its timers run every ten milliseconds.</summary>
    public void Run()
    {
        for (int i = 0; i < 50; i++)
        {
            _tcp.Flush(_world.Now);
            _world.Run(10 * RelayWorld.Millisecond);
            _tcp.Tick(_world.Now);
        }
    }

    public Span<byte> Rent(int peer, int length) => _packet.AsSpan(0, length);

    public void Commit(int peer, int length) => _agent.SendPacket(_packet.AsSpan(0, length));

    public bool CanSend(int peer) => true;

    public void OnSyn(PendingSyn syn) => syn.Reset();

    public void OnSynAbandoned(PendingSyn syn)
    {
        // It was answered.
    }

    public void OnConnected(TcpFlow flow)
    {
        // The test speaks next.
    }

    public void OnReadable(TcpFlow flow)
    {
        while (flow.ReceiveLength > 0)
        {
            var run = flow.PeekReceive();
            _received.AddRange(run);
            flow.Consume(run.Length);
        }
    }

    public void OnSendSpace(TcpFlow flow)
    {
        // Queries are short.
    }

    public void OnPeerFin(TcpFlow flow) => flow.Close();

    public void OnPeerReset(TcpFlow flow)
    {
        // OnClosed follows.
    }

    public void OnClosed(TcpFlow flow) => Ended = flow.CloseReason;
}
