using Keyhole.Packets;
using Keyhole.WireGuard;

namespace Keyhole.Tunnel;

/// <remarks>Runs: neighbours of one of the relay's own sessions are opened together, routed one by one, and sealed together for each receiver.</remarks>
public sealed partial class RelayState
{
    /// <summary>Datagrams that pass together: what one run of the cipher takes.</summary>
    private const int MaximumRun = 64;

    private readonly ReceivedDatagram[] _opening = new ReceivedDatagram[MaximumRun];
    private readonly ReceiveResult[] _opened = new ReceiveResult[MaximumRun];
    private readonly AgentSlot[] _receivers = new AgentSlot[MaximumRun];
    private readonly PacketSlot[] _routed = new PacketSlot[MaximumRun];
    private readonly SealResult[] _sealed = new SealResult[MaximumRun];

    // While a run is routed: where the datagram begins that is at hand, or -1; what has found its way; whether one has no room for its seal.
    private int _routing = -1;
    private int _routedCount;
    private bool _isTight;

    /// <summary>
    /// Deals with datagrams of one source that lie behind each other, each as <see cref="Receive"/>
    /// would and in their order. Any bytes are allowed.
    /// </summary>
    /// <param name="run">All datagrams, each of <paramref name="segmentSize"/> bytes but the last, which may be shorter.</param>
    /// <param name="forwards">Room for one per datagram.</param>
    /// <returns>How many datagrams the caller sends on, from where they lie.</returns>
    public int ReceiveRun(Span<byte> run, int segmentSize, in IpEndpoint source, long now, Span<RelayForward> forwards)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(segmentSize, run.IsEmpty ? 0 : 1);
        bool isSession = IsOfSession(run, segmentSize, source);
        int found = 0;
        int offset = 0;
        do
        {
            int length = Math.Min(run.Length - offset, isSession ? MaximumRun * segmentSize : segmentSize);
            if (isSession)
                found += ReceiveSession(run, offset, length, segmentSize, source, now, forwards[found..]);
            else if (Receive(run.Slice(offset, length), length, source, now, out var forward))
                forwards[found++] = forward with { Offset = offset };
            offset += length;
        }
        while (offset < run.Length);
        return found;
    }

    /// <summary>
    /// Several datagrams for a session of the relay's own, from an address that its agent has confirmed. What comes from elsewhere may prove an address,
    /// and is looked at one by one.
    /// </summary>
    private bool IsOfSession(ReadOnlySpan<byte> run, int segmentSize, in IpEndpoint source) =>
        run.Length > segmentSize
        && segmentSize >= TransportMessage.Overhead
        && Message.TypeOf(run) == MessageType.TransportData
        && _device.OwnsIndex(TransportMessage.ReceiverIndex(run))
        && Forwarding.TryFindAgent(source, out _);

    private int ReceiveSession(Span<byte> run, int start, int length, int segmentSize, in IpEndpoint source, long now, Span<RelayForward> forwards)
    {
        int count = 0;
        for (int offset = start; offset < start + length; offset += segmentSize)
            _opening[count++] = new ReceivedDatagram(offset, Math.Min(segmentSize, start + length - offset), source);
        _arrival = new Arrival { Source = source, Length = length };
        _device.Receive(run, _opening.AsSpan(0, count), _opened, now);
        (_routedCount, _isTight) = (0, false);
        for (int i = 0; i < count; i++)
        {
            if (_opened[i].Peer is not { State: AgentSlot slot })
                continue;
            _routing = _opening[i].Offset;
            Received(slot, _opened[i], run.Slice(_routing, _opening[i].Length), _opening[i].Length, source, now, out _);
        }

        _routing = -1;
        _arrival = default;
        return SealRouted(run, now, forwards);
    }

    /// <summary>Notes where the packet at hand goes on to, until all of its run have found their way.</summary>
    private bool AddRouted(AgentSlot receiver, int packetLength, int roomLength)
    {
        _isTight |= SealedLength(packetLength) > roomLength;
        _receivers[_routedCount] = receiver;
        _routed[_routedCount++] = new PacketSlot(_routing, packetLength);
        return false;
    }

    private int SealRouted(Span<byte> run, long now, Span<RelayForward> forwards)
    {
        int found = 0;
        for (int start = 0, end; start < _routedCount; start = end)
        {
            var receiver = _receivers[start];
            for (end = start + 1; end < _routedCount && ReferenceEquals(_receivers[end], receiver); end++)
            {
            }

            var packets = _routed.AsSpan(start, end - start);
            if (_isTight)
                CopyRouted(receiver, run, packets, now);
            else if (receiver.Address is { } address)
                found += SealRouted(receiver, address, run, packets, now, forwards[found..]);
            else
                _drops[(int)RelayDropReason.NoAddress] += packets.Length;
        }

        return found;
    }

    private int SealRouted(AgentSlot receiver, in IpEndpoint address, Span<byte> run, ReadOnlySpan<PacketSlot> packets, long now, Span<RelayForward> forwards)
    {
        _device.Seal(receiver.Peer, run, packets, _sealed, now);
        int found = 0;
        for (int i = 0; i < packets.Length; i++)
        {
            ref readonly var result = ref _sealed[i];
            if (result.Kind == SealKind.Dropped)
                Drop(RelayDropReason.NotSealed);
            if (result.Kind != SealKind.Sealed)
                continue;
            forwards[found++] = new RelayForward(address, result.Length) { Offset = packets[i].Offset };
            CountForwarded(result.Length);
        }

        return found;
    }

    /// <summary>Where one packet of a run has no room for padding and tag, all are copied, so that none overtakes another.</summary>
    private void CopyRouted(AgentSlot receiver, ReadOnlySpan<byte> run, ReadOnlySpan<PacketSlot> packets, long now)
    {
        foreach (ref readonly var packet in packets)
            ForwardCopy(receiver, run.Slice(packet.Offset + HeadLength, packet.Length), now);
    }
}
