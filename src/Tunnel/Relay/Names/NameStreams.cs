using System.Buffers.Binary;
using Keyhole.NetStack;

namespace Keyhole.Tunnel;

public sealed partial class RelayState
{
    /// <summary>DNS over TCP (RFC 7766): the name server's end of the connections that clients open to it.</summary>
    private sealed class NameStreams : IFlowHost, IPacketSink
    {
        private const int MaximumStreams = 1024;
        private const int MaximumStreamsOfClient = 8;
        private const long StreamTimeout = 10 * Second;

        /// <summary>A query holds one name, and perhaps an option or two.</summary>
        private const int MaximumQueryLength = 1232;

        /// <summary>Of a message in a stream.</summary>
        private const int PrefixLength = 2;

        private readonly RelayState _relay;
        private readonly TcpStack _tcp;
        private readonly byte[] _query = new byte[MaximumQueryLength];
        private readonly byte[] _response = new byte[PrefixLength + ushort.MaxValue];
        private long _now;

        public NameStreams(RelayState relay)
        {
            _relay = relay;
            byte[] secret = new byte[32];
            relay._options.RandomSource.Fill(secret);
            _tcp = new TcpStack(
                new StackOptions
                {
                    Secret = secret,
                    Mtu = relay._options.InnerMtu,
                    MaximumFlows = MaximumStreams,
                    MaximumFlowsPerPeer = MaximumStreamsOfClient,
                    MaximumPending = MaximumStreams,
                    MaximumPendingPerPeer = MaximumStreamsOfClient,
                    SynRate = 20,
                    SynBurst = 50,
                    MaximumTimeWait = MaximumStreams,
                    BufferBudget = 16 << 20,
                    BufferBudgetPerPeer = 512 << 10,
                    InitialReceiveWindow = 16 << 10,
                    MaximumReceiveWindow = 16 << 10,
                    MaximumSendQueue = 128 << 10,
                    UserTimeout = StreamTimeout,
                    FinWait2Timeout = StreamTimeout,
                    TimeWait = StreamTimeout,
                },
                this,
                this);
        }

        public int Count => _tcp.FlowCount;

        public long NextDeadline => _tcp.NextDeadline;

        public void Input(AgentSlot client, ReadOnlySpan<byte> packet, long now)
        {
            _now = now;
            _tcp.Input(packet, client.Row.Id, now);
            _tcp.Flush(now);
        }

        public void Tick(long now)
        {
            _now = now;
            _tcp.Tick(now);
        }

        /// <summary>The client is gone.</summary>
        public void Remove(int client, long now)
        {
            _now = now;
            _tcp.RemovePeer(client, now);
        }

        /// <summary>The answer to the query that a connection waits for, if it is still there.</summary>
        public void Answer(NameStream stream, ReadOnlySpan<byte> response, long now)
        {
            _now = now;
            stream.IsWaiting = false;
            if (stream.Flow is null || response.Length > ushort.MaxValue)
                return;
            response.CopyTo(_response.AsSpan(PrefixLength));
            Write(stream, response.Length);
            Read(stream);
            _tcp.Flush(now);
        }

        void IFlowHost.OnSyn(PendingSyn syn)
        {
            if (_relay._byId.GetValueOrDefault(syn.Peer) is not { } client || syn.Accept() is not { } flow)
                return;
            flow.State = new NameStream(client, flow);
            flow.IdleTimeout = StreamTimeout;
        }

        void IFlowHost.OnSynAbandoned(PendingSyn syn)
        {
            // It was answered at once.
        }

        void IFlowHost.OnConnected(TcpFlow flow)
        {
            // The client speaks first.
        }

        void IFlowHost.OnReadable(TcpFlow flow) => Read((NameStream)flow.State!);

        void IFlowHost.OnSendSpace(TcpFlow flow) => Read((NameStream)flow.State!);

        void IFlowHost.OnPeerFin(TcpFlow flow) => Read((NameStream)flow.State!);

        void IFlowHost.OnPeerReset(TcpFlow flow)
        {
            // OnClosed follows.
        }

        void IFlowHost.OnClosed(TcpFlow flow) => ((NameStream)flow.State!).Flow = null;

        Span<byte> IPacketSink.Rent(int peer, int length) =>
            _relay._byId.ContainsKey(peer) ? _relay._scratch.AsSpan(HeadLength, length) : default;

        void IPacketSink.Commit(int peer, int length) => _relay.SendScratch(_relay._byId[peer], length, _now);

        bool IPacketSink.CanSend(int peer) => true;

        /// <summary>Answers what has arrived, as long as each answer finds room.</summary>
        private void Read(NameStream stream)
        {
            var flow = stream.Flow!;
            Send(stream);
            while (stream.Unsent.IsEmpty && !stream.IsWaiting && flow.ReceiveLength >= PrefixLength)
            {
                Copy(flow, 0, _query.AsSpan(0, PrefixLength));
                int length = BinaryPrimitives.ReadUInt16BigEndian(_query);
                if (length is 0 or > MaximumQueryLength)
                {
                    flow.Abort();
                    return;
                }

                if (flow.ReceiveLength < PrefixLength + length)
                    break;
                Copy(flow, PrefixLength, _query.AsSpan(0, length));
                flow.Consume(PrefixLength + length);
                int answer = _relay.Respond(stream.Client, flow.Key, stream, _query.AsSpan(0, length), _response.AsSpan(PrefixLength), _now);
                if (answer > 0)
                {
                    Write(stream, answer);
                }
                else if (!stream.IsWaiting)
                {
                    flow.Abort();
                    return;
                }
            }

            if (flow.PeerFinished && stream.Unsent.IsEmpty && !stream.IsWaiting)
                flow.Close();
        }

        /// <summary>Copies received bytes out of their runs.</summary>
        private static void Copy(TcpFlow flow, int offset, Span<byte> destination)
        {
            const int MostRuns = 8;
            var runs = new ReadOnlyMemory<byte>[MostRuns];
            int count = flow.PeekReceive(runs);
            foreach (var run in runs.AsSpan(0, count))
            {
                if (offset >= run.Length)
                {
                    offset -= run.Length;
                    continue;
                }

                var part = run.Span[offset..];
                part = part[..Math.Min(part.Length, destination.Length)];
                part.CopyTo(destination);
                destination = destination[part.Length..];
                offset = 0;
                if (destination.IsEmpty)
                    return;
            }
        }

        private void Write(NameStream stream, int length)
        {
            BinaryPrimitives.WriteUInt16BigEndian(_response, (ushort)length);
            stream.Unsent = _response.AsMemory(0, PrefixLength + length);
            Send(stream);
            if (!stream.Unsent.IsEmpty)
                stream.Unsent = stream.Unsent.ToArray();
        }

        private static void Send(NameStream stream)
        {
            while (!stream.Unsent.IsEmpty)
            {
                var room = stream.Flow!.GetSendSpan();
                if (room.IsEmpty)
                    return;
                int length = Math.Min(room.Length, stream.Unsent.Length);
                stream.Unsent.Span[..length].CopyTo(room);
                stream.Flow.Commit(length);
                stream.Unsent = stream.Unsent[length..];
            }
        }
    }
}
