using Keyhole.Net;
using Keyhole.Packets;

namespace Keyhole.Relay;

/// <summary>What one thread sends into TLS connections: copied at once, written with the next <see cref="Flush"/>.</summary>
internal sealed class StreamOutbox(StreamTable streams)
{
    private readonly List<DatagramStream> _touched = [];

    public void Send(in IpEndpoint destination, ReadOnlySpan<byte> datagram)
    {
        if (Find(destination) is { } stream)
            stream.TrySend(datagram, MonotonicClock.Now);
    }

    public void Send(in IpEndpoint destination, in DatagramRun run)
    {
        if (Find(destination) is not { } stream)
            return;
        long now = MonotonicClock.Now;
        for (int i = 0; i < run.Count; i++)
            stream.TrySend(run[i], now);
    }

    public void Flush()
    {
        foreach (var stream in _touched)
            stream.Flush();
        _touched.Clear();
    }

    private DatagramStream? Find(in IpEndpoint destination)
    {
        // Mostly one connection after the other: the last one is looked at first.
        if (_touched.Count > 0 && _touched[^1].Endpoint == destination)
            return _touched[^1];
        if (streams.Find(destination) is not { } stream)
            return null;
        if (!_touched.Contains(stream))
            _touched.Add(stream);
        return stream;
    }
}
