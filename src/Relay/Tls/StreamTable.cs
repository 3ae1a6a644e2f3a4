using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using Keyhole.Net;
using Keyhole.Packets;

namespace Keyhole.Relay;

/// <summary>
/// The TLS connections of agents by the addresses that stand for them: 100::/64 and a number that no other connection has or had, also not before a restart,
/// since the journal remembers addresses. Any thread.
/// </summary>
internal sealed class StreamTable
{
    /// <summary>The port of all of them, for people who read it.</summary>
    private const ushort Port = 443;

    private readonly ConcurrentDictionary<ulong, DatagramStream> _streams = new();
    private ulong _number = BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(ulong)));
    private long _goneCount;
    private long _endedSentCount;
    private long _endedDroppedCount;

    /// <summary>Connections.</summary>
    public int Count => _streams.Count;

    /// <summary>Datagrams for connections that are not there any more.</summary>
    public long GoneCount => Interlocked.Read(ref _goneCount);

    /// <summary>Datagrams that left by connections, those included that have ended.</summary>
    public long SentCount => Interlocked.Read(ref _endedSentCount) + _streams.Values.Sum(stream => stream.SentCount);

    /// <summary>Datagrams for which too much waited.</summary>
    public long DroppedCount => Interlocked.Read(ref _endedDroppedCount) + _streams.Values.Sum(stream => stream.DropCount);

    public ICollection<DatagramStream> All => _streams.Values;

    /// <summary>An address for a new connection.</summary>
    public IpEndpoint NewEndpoint() => new(IpAddress.DiscardOnly(Interlocked.Increment(ref _number)), Port);

    public void Add(DatagramStream stream) => _streams[stream.Endpoint.Address.Low] = stream;

    public void Remove(DatagramStream stream)
    {
        if (!_streams.TryRemove(stream.Endpoint.Address.Low, out _))
            return;
        Interlocked.Add(ref _endedSentCount, stream.SentCount);
        Interlocked.Add(ref _endedDroppedCount, stream.DropCount);
    }

    /// <summary>The connection that an address stands for; null when it has ended, and the datagram is counted.</summary>
    public DatagramStream? Find(in IpEndpoint endpoint)
    {
        if (endpoint.Port == Port && _streams.TryGetValue(endpoint.Address.Low, out var stream))
            return stream;
        Interlocked.Increment(ref _goneCount);
        return null;
    }
}
