using System.Buffers.Binary;
using Keyhole.Packets;

namespace Keyhole.NetStack;

/// <summary>
/// Puts fragments of IPv4 (RFC 791 section 3.2) and IPv6 (RFC 8200 section 4.5) together again. Overlapping fragments cost the whole
/// datagram (RFC 5722); exact duplicates are ignored. Memory is bounded per peer and in all.
/// </summary>
public sealed class Reassembler
{
    private readonly Dictionary<FragmentKey, FragmentedDatagram> _datagrams = [];
    private readonly FairShares<FragmentedDatagram> _shares;
    private readonly Stack<FragmentedDatagram> _spare = [];
    private readonly long _timeout;
    private AgeList<FragmentedDatagram, FragmentedDatagram.Age> _byAge;

    public Reassembler(ReassemblerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _shares = new FairShares<FragmentedDatagram>(options.MaximumDatagrams, options.MaximumDatagramsPerPeer);
        _timeout = options.Timeout;
    }

    /// <summary>Datagrams of which fragments are missing or were refused.</summary>
    public int Count => _datagrams.Count;

    public long FragmentsReceived { get; private set; }

    /// <summary>Packets that became whole.</summary>
    public long Reassembled { get; private set; }

    /// <summary>Datagrams given up because fragments overlapped or contradicted each other.</summary>
    public long Overlapped { get; private set; }

    /// <summary>Datagrams whose fragments did not all come in time.</summary>
    public long TimedOut { get; private set; }

    /// <summary>Datagrams that gave way to newer ones.</summary>
    public long Evicted { get; private set; }

    /// <summary>When <see cref="Tick"/> is to be called; <see cref="long.MaxValue"/> for never.</summary>
    public long NextDeadline => _byAge.Oldest is { } oldest ? oldest.StartedAt + _timeout : long.MaxValue;

    /// <summary>
    /// Takes one packet for which <see cref="IpView.IsFragment"/> holds. True when it completes its datagram: <paramref name="whole"/>
    /// is then the packet as it was before it was fragmented, valid until the next call, and to be parsed like any other.
    /// </summary>
    /// <exception cref="ArgumentException">The packet is no fragment.</exception>
    public bool TryAdd(in IpView fragment, int peer, long now, out ReadOnlySpan<byte> whole)
    {
        if (!fragment.IsFragment)
            throw new ArgumentException("The packet is not a fragment.", nameof(fragment));
        FragmentsReceived++;
        Tick(now);
        whole = default;
        byte protocol = fragment.Version == 4 ? fragment.Protocol : (byte)0;
        var key = new FragmentKey(peer, fragment.Source, fragment.Destination, protocol, fragment.Identification);
        if (!_datagrams.TryGetValue(key, out var datagram))
            datagram = Start(key, now);
        bool spoiled = datagram.IsSpoiled;
        const int FragmentHeaderLength = 8;
        int header = fragment.Version == 4 ? fragment.HeaderLength : fragment.HeaderLength - FragmentHeaderLength;
        switch (datagram.Add(fragment, header))
        {
            case FragmentOutcome.Spoiled when !spoiled:
                Overlapped++;
                return false;
            case FragmentOutcome.Complete:
                Reassembled++;
                Remove(datagram);
                whole = Restore(datagram);
                return true;
            default:
                return false;
        }
    }

    /// <summary>Gives up datagrams whose time is over.</summary>
    public void Tick(long now)
    {
        while (_byAge.Oldest is { } oldest && now - oldest.StartedAt >= _timeout)
        {
            if (!oldest.IsSpoiled)
                TimedOut++;
            Remove(oldest);
        }
    }

    /// <summary>Forgets what the peer has sent.</summary>
    public void RemovePeer(int peer)
    {
        while (_shares.OldestOf(peer) is { } datagram)
            Remove(datagram);
    }

    private FragmentedDatagram Start(in FragmentKey key, long now)
    {
        while (_shares.VictimFor(key.Peer) is { } victim)
        {
            Evicted++;
            Remove(victim);
        }

        var datagram = _spare.TryPop(out var spare) ? spare : new FragmentedDatagram();
        datagram.Reuse(key, now);
        _datagrams.Add(key, datagram);
        _shares.Add(datagram, key.Peer);
        _byAge.Add(datagram);
        return datagram;
    }

    private void Remove(FragmentedDatagram datagram)
    {
        _datagrams.Remove(datagram.Key);
        _shares.Remove(datagram);
        _byAge.Remove(datagram);
        _spare.Push(datagram);
    }

    /// <summary>Makes the first fragment's header that of the whole packet.</summary>
    private static Span<byte> Restore(FragmentedDatagram datagram)
    {
        var packet = datagram.Whole;
        if (packet[0] >> 4 == 4)
        {
            int headerLength = (packet[0] & 0xF) * 4;
            BinaryPrimitives.WriteUInt16BigEndian(packet[2..], (ushort)packet.Length);
            packet[6..8].Clear();
            packet[10..12].Clear();
            BinaryPrimitives.WriteUInt16BigEndian(packet[10..], Checksum.Finish(Checksum.Sum(packet[..headerLength])));
            return packet;
        }

        BinaryPrimitives.WriteUInt16BigEndian(packet[4..], (ushort)(packet.Length - Ipv6Header.Length));
        return packet;
    }
}
