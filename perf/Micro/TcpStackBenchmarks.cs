using BenchmarkDotNet.Attributes;
using Keyhole.NetStack;
using Keyhole.Packets;

namespace Keyhole.Perf;

/// <summary>Segments between two stacks in one process, without a cipher: one full segment written, sent, received and read, acknowledgements included.</summary>
public class TcpStackBenchmarks
{
    private const int Mtu = 1420;
    private const int SegmentCount = 64;

    private readonly Wire _toServer = new();
    private readonly Wire _toClient = new();
    private readonly Ends _client = new();
    private readonly Ends _server = new();
    private TcpStack _clientStack = null!;
    private TcpStack _serverStack = null!;
    private long _now = 1_000_000;

    [GlobalSetup]
    public void Setup()
    {
        byte[] secret = new byte[32];
        _clientStack = new TcpStack(new StackOptions { Secret = secret, Mtu = Mtu }, _toServer, _client);
        _serverStack = new TcpStack(new StackOptions { Secret = secret, Mtu = Mtu }, _toClient, _server);
        _clientStack.Connect(new FlowKey(6, IpAddress.Parse("10.0.0.1"), 40000, IpAddress.Parse("10.0.0.2"), 80), 0, _now);
        for (int i = 0; i < 10; i++)
            Exchange();
        if (_client.Flow is null || _server.Flow is null || Transfer() != SegmentCount * _client.Flow.SegmentSize)
            throw new InvalidOperationException("The stacks are not connected.");
    }

    [Benchmark(OperationsPerInvoke = SegmentCount)]
    public int Transfer()
    {
        var (from, to) = (_client.Flow!, _server.Flow!);
        int left = SegmentCount * from.SegmentSize, received = 0;
        for (int round = 0; round < 4 * SegmentCount && (left > 0 || from.SendLength > 0 || to.ReceiveLength > 0); round++)
        {
            while (left > 0 && from.GetSendSpan() is { Length: > 0 } room)
            {
                int length = Math.Min(left, room.Length);
                from.Commit(length);
                left -= length;
            }

            Exchange();
            while (to.PeekReceive() is { Length: > 0 } bytes)
            {
                received += bytes.Length;
                to.Consume(bytes.Length);
            }
        }

        return received;
    }

    private void Exchange()
    {
        _now += 200;
        _clientStack.Tick(_now);
        _clientStack.Flush(_now);
        _toServer.Deliver(_serverStack, _now);
        _serverStack.Tick(_now);
        _serverStack.Flush(_now);
        _toClient.Deliver(_clientStack, _now);
    }

    private sealed class Wire : IPacketSink
    {
        private readonly byte[] _buffer = new byte[256 * Mtu];
        private readonly int[] _lengths = new int[256];
        private int _count;

        public Span<byte> Rent(int peer, int length) => CanSend(peer) ? _buffer.AsSpan(_count * Mtu, length) : default;

        public void Commit(int peer, int length) => _lengths[_count++] = length;

        public bool CanSend(int peer) => _count < _lengths.Length;

        public void Deliver(TcpStack stack, long now)
        {
            for (int i = 0; i < _count; i++)
                stack.Input(_buffer.AsSpan(i * Mtu, _lengths[i]), 0, now);
            _count = 0;
        }
    }

    private sealed class Ends : IFlowHost
    {
        public TcpFlow? Flow { get; private set; }

        public void OnSyn(PendingSyn syn) => syn.Accept();

        public void OnSynAbandoned(PendingSyn syn)
        {
        }

        public void OnConnected(TcpFlow flow) => Flow = flow;

        public void OnReadable(TcpFlow flow)
        {
        }

        public void OnSendSpace(TcpFlow flow)
        {
        }

        public void OnPeerFin(TcpFlow flow)
        {
        }

        public void OnPeerReset(TcpFlow flow)
        {
        }

        public void OnClosed(TcpFlow flow) => Flow = null;
    }
}
