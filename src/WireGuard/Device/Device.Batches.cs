using Keyhole.Cryptography;
using Keyhole.Packets;

namespace Keyhole.WireGuard;

/// <remarks>Batches: the same steps as for one datagram and in the same order; only the cipher sees runs of one session at once.</remarks>
public sealed partial class Device
{
    /// <summary>Most packets that the cipher sees at once.</summary>
    private const int RunLength = 64;

    /// <summary>
    /// Receives every datagram of a batch as <see cref="Receive(Span{byte}, in IpEndpoint, long)"/> would, in order. Neighbours of one session are opened
    /// together.
    /// </summary>
    /// <param name="buffer">Holds all datagrams, which do not overlap.</param>
    /// <param name="results">One per datagram; offsets count from the start of the datagram.</param>
    /// <exception cref="ArgumentException">A datagram does not lie within the buffer, or there are fewer results than datagrams. Nothing was received.</exception>
    public void Receive(Span<byte> buffer, ReadOnlySpan<ReceivedDatagram> datagrams, Span<ReceiveResult> results, long now)
    {
        CheckResults(results.Length, datagrams.Length);
        foreach (ref readonly var datagram in datagrams)
            if ((datagram.Offset | datagram.Length) < 0 || (long)datagram.Offset + datagram.Length > buffer.Length)
                ThrowShortBuffer();

        for (int done = 0; done < datagrams.Length;)
        {
            int count = ReceiveRun(buffer, datagrams[done..], results[done..], now);
            if (count == 0)
            {
                ref readonly var datagram = ref datagrams[done];
                results[done] = Receive(buffer.Slice(datagram.Offset, datagram.Length), datagram.Source, now);
                count = 1;
            }

            done += count;
        }
    }

    /// <summary>
    /// Seals every packet of a batch for one peer as <see cref="Seal(Peer, Span{byte}, int, long)"/> would, in order and with consecutive counters.
    /// </summary>
    /// <param name="buffer">Holds all slots, which do not overlap.</param>
    /// <param name="results">One per packet; lengths count from the start of the slot.</param>
    /// <exception cref="ArgumentException">
    /// The peer is not of this device, a slot does not lie within the buffer, or there are fewer results than packets. Nothing was sealed.
    /// </exception>
    public void Seal(Peer peer, Span<byte> buffer, ReadOnlySpan<PacketSlot> packets, Span<SealResult> results, long now)
    {
        ArgumentNullException.ThrowIfNull(peer);
        if (peer.Device != this || peer.IsRemoved)
            ThrowForeignPeer();
        CheckResults(results.Length, packets.Length);
        foreach (ref readonly var packet in packets)
        {
            if ((uint)packet.Length > ushort.MaxValue || packet.Offset < 0
                || (long)packet.Offset + TransportMessage.PaddedLength(packet.Length, peer.Mtu) + TransportMessage.Overhead > buffer.Length)
                ThrowShortBuffer();
        }

        int done = 0;
        while (done < packets.Length && peer.Current is { } keypair && keypair.CanSend(now))
        {
            if (peer.StagedCount > 0)
                SendStaged(peer, now);
            done += SealRun(keypair, buffer, packets[done..], results[done..], now);
        }

        for (; done < packets.Length; done++)
            results[done] = Stage(peer, buffer.Slice(packets[done].Offset + TransportMessage.PacketOffset, packets[done].Length), now);
    }

    /// <summary>Opens as many datagrams as are transport data of one session, and returns how many; 0 when the first is something else.</summary>
    private int ReceiveRun(Span<byte> buffer, ReadOnlySpan<ReceivedDatagram> datagrams, Span<ReceiveResult> results, long now)
    {
        Span<TransportPacket> packets = stackalloc TransportPacket[RunLength];
        Keypair? keypair = null;
        int count = 0;
        for (; count < Math.Min(datagrams.Length, RunLength); count++)
        {
            ref readonly var datagram = ref datagrams[count];
            var bytes = buffer.Slice(datagram.Offset, datagram.Length);
            if (Message.TypeOf(bytes) != MessageType.TransportData)
                break;
            uint index = TransportMessage.ReceiverIndex(bytes);
            if (keypair is null)
                keypair = _indices.Find(index) as Keypair;
            if (keypair is null || keypair.Index != index || CheckBeforeOpening(keypair, TransportMessage.Counter(bytes), now) != DropReason.None)
                break;
            packets[count] = new TransportPacket(datagram.Offset + TransportMessage.PacketOffset, datagram.Length - TransportMessage.PacketOffset, TransportMessage.Counter(bytes));
        }

        if (count == 0)
            return 0;
        keypair!.ReceiveKey.Open(buffer, packets[..count]);
        for (int i = 0; i < count; i++)
        {
            results[i] = packets[i].IsAuthentic
                ? Opened(keypair, buffer.Slice(datagrams[i].Offset, datagrams[i].Length), packets[i].Counter, now)
                : Drop(DropReason.Unauthentic, MessageType.TransportData);
        }

        return count;
    }

    /// <summary>Seals as many packets as one run and the session's counters hold, and returns how many.</summary>
    private int SealRun(Keypair keypair, Span<byte> buffer, ReadOnlySpan<PacketSlot> slots, Span<SealResult> results, long now)
    {
        var peer = keypair.Peer;
        int count = keypair.TakeCounters(Math.Min(slots.Length, RunLength), out ulong first);
        Span<TransportPacket> packets = stackalloc TransportPacket[RunLength];
        for (int i = 0; i < count; i++)
        {
            ulong counter = first + (ulong)i;
            int padded = WriteAround(keypair, buffer[slots[i].Offset..], slots[i].Length, counter);
            packets[i] = new TransportPacket(slots[i].Offset + TransportMessage.PacketOffset, padded, counter);
        }

        keypair.SendKey.Seal(buffer, packets[..count]);
        for (int i = 0; i < count; i++)
        {
            int datagramLength = packets[i].Length + TransportMessage.Overhead;
            results[i] = new SealResult { Kind = SealKind.Sealed, Length = datagramLength, Counter = packets[i].Counter };
            Sealed(keypair, slots[i].Length, datagramLength, packets[i].Counter, now);
        }

        return count;
    }

    private static void CheckResults(int results, int items)
    {
        if (results < items)
            throw new ArgumentException("There are fewer results than items.", nameof(results));
    }
}
