using System.Buffers.Binary;
using Keyhole.Packets;
using Keyhole.WireGuard;

namespace Keyhole.Fuzz;

/// <summary>
/// A program for two devices and the network between them: packets sealed, datagrams delivered, lost, delayed, repeated and
/// changed, time passing, peers removed. A packet comes out at most once, unchanged, and only if it was put in.
/// </summary>
internal sealed class WireGuardSessionTarget : IFuzzTarget
{
    private const int MostOperations = 60;
    private const int MarkOffset = 28;

    public string Name => "wireguard-session";

    public string Door => "operation sequences on two WireGuard devices: seal, deliver, lose, repeat, forge, wait, remove";

    public int MaximumLength => 600;

    public IEnumerable<(string Name, byte[] Input)> Seeds =>
    [
        ("handshake-and-data", [0, 2, 3, 2, 3, 0, 1, 2, 3, 0, 2]),
        ("replay", [0, 2, 3, 2, 0, 4, 4, 2, 2, 2]),
        ("forged-bit", [0, 2, 3, 2, 0, 6, 0, 20, 3, 2]),
        ("rekey-after-two-minutes", [0, 2, 3, 2, 8, 0, 130, 0, 2, 3, 2, 8, 0, 130, 1, 3, 2, 3]),
        ("both-initiate", [0, 1, 2, 3, 2, 3, 2, 3, 0, 1, 2, 3]),
        ("peer-removed", [0, 2, 3, 2, 0, 9, 2, 0, 2, 3, 2, 0, 2]),
        ("raw-datagram", [0, 2, 3, 2, 7, 0, 8, 4, 0, 0, 0, 1, 2, 3, 4]),
    ];

    public ulong Run(Span<byte> input)
    {
        using var world = new World();
        var reader = new OperationReader(input);
        for (int i = 0; i < MostOperations && !reader.IsEmpty; i++)
            world.Step(ref reader);
        return world.Outcome;
    }

    private sealed class World : IDisposable
    {
        private readonly WireGuardPair _pair = new();
        private readonly HashSet<int> _sent = [];
        private readonly HashSet<int> _received = [];

        private Outcome _outcome;
        private long _now;
        private int _mark;

        internal ulong Outcome => _outcome.Value;

        internal void Step(ref OperationReader reader)
        {
            byte operation = reader.Byte();
            _outcome.Add(operation % 10);
            switch (operation % 10)
            {
                case 0:
                    Seal(_pair.Left, _pair.LeftPeer, SamplePackets.Client4, SamplePackets.Target4, _pair.ToRight);
                    break;
                case 1:
                    Seal(_pair.Right, _pair.RightPeer, SamplePackets.Target4, SamplePackets.Client4, _pair.ToLeft);
                    break;
                case 2:
                    Deliver(_pair.ToRight, _pair.Right, WireGuardPair.LeftAt);
                    break;
                case 3:
                    Deliver(_pair.ToLeft, _pair.Left, WireGuardPair.RightAt);
                    break;
                case 4:
                    Repeat(_pair.ToRight);
                    break;
                case 5:
                    _pair.ToRight.Datagrams.TryDequeue(out _);
                    break;
                case 6:
                    Forge(_pair.ToRight, reader.UInt16(), reader.Byte());
                    break;
                case 7:
                    Note(_pair.Right.Receive(reader.Block(), WireGuardPair.LeftAt, _now), default);
                    break;
                case 8:
                    Wait(reader.UInt16() * 1_000_000L);
                    break;
                default:
                    _pair.ReplaceRightPeer();
                    break;
            }
        }

        public void Dispose() => _pair.Dispose();

        private void Seal(Device device, Peer peer, IpAddress source, IpAddress destination, WireGuardPair.Queued queue)
        {
            const int PacketLength = 32;
            Span<byte> buffer = stackalloc byte[TransportMessage.PacketOffset + PacketLength + 32];
            var packet = buffer.Slice(TransportMessage.PacketOffset, PacketLength);
            Ipv4Header.Write(packet, source, destination, IpProtocol.Udp, PacketLength);
            BinaryPrimitives.WriteInt32BigEndian(packet[MarkOffset..], ++_mark);
            _sent.Add(_mark);
            var result = device.Seal(peer, buffer, PacketLength, _now);
            _outcome.Add((long)result.Kind);
            _outcome.Add((long)result.DropReason);
            if (result.Kind == SealKind.Sealed)
                queue.Send(default, buffer[..result.Length], peer);
        }

        private void Deliver(WireGuardPair.Queued queue, Device to, in IpEndpoint from)
        {
            if (!queue.Datagrams.TryDequeue(out byte[]? datagram))
                return;
            var result = to.Receive(datagram, from, _now);
            Note(result, datagram);
        }

        private void Note(in ReceiveResult result, ReadOnlySpan<byte> datagram)
        {
            _outcome.Add((long)result.Kind);
            _outcome.Add((long)result.DropReason);
            if (result.Kind != ReceiveKind.Packet)
                return;
            Promise.Holds(!datagram.IsEmpty);
            int mark = BinaryPrimitives.ReadInt32BigEndian(datagram[(result.Offset + MarkOffset)..]);
            Promise.Holds(_sent.Contains(mark));
            Promise.Holds(_received.Add(mark));
        }

        private static void Repeat(WireGuardPair.Queued queue)
        {
            if (queue.Datagrams.TryPeek(out byte[]? datagram))
                queue.Send(default, datagram, null);
        }

        private static void Forge(WireGuardPair.Queued queue, int at, byte change)
        {
            if (queue.Datagrams.TryPeek(out byte[]? datagram))
                datagram[at % datagram.Length] ^= change;
        }

        private void Wait(long time)
        {
            long end = _now + time;
            // Bounded: a device that asks to be woken for ever at one instant would hang, and that is a finding.
            for (int i = 0; Math.Min(_pair.Left.NextDeadline, _pair.Right.NextDeadline) <= end; i++)
            {
                Promise.Holds(i < 100_000);
                _now = Math.Max(_now, Math.Min(_pair.Left.NextDeadline, _pair.Right.NextDeadline));
                _pair.Left.Tick(_now);
                _pair.Right.Tick(_now);
            }

            _now = end;
        }
    }
}
