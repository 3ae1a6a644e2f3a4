using Keyhole.Contracts;
using Keyhole.Net;
using Keyhole.Packets;
using Keyhole.Tunnel;

namespace Keyhole.Edge;

/// <summary>
/// The TLS connections of an agent to its relays, by the endpoints that stand for them (docs/protocol.md, rule 26). They are made and read on other threads;
/// the data thread alone calls this, takes what came and puts in what leaves.
/// </summary>
public sealed class RelayStreams : IRelayStreams, IDisposable
{
    private readonly EventLoop _loop;
    private readonly Action<IpEndpoint, bool> _changed;
    private readonly Dictionary<IpEndpoint, RelayStream> _streams = [];
    private readonly List<RelayStream> _running = [];
    private readonly Dictionary<IpEndpoint, string> _failures = [];
    private long _endedSentCount;
    private long _endedDropCount;

    /// <param name="changed">Called on the data thread: a connection stands (true), or has ended or could not be had (false).</param>
    public RelayStreams(EventLoop loop, Action<IpEndpoint, bool> changed)
    {
        _loop = loop;
        _changed = changed;
    }

    /// <summary>Datagrams that left by TLS.</summary>
    public long SentCount => _endedSentCount + _running.Sum(stream => stream.SentCount);

    /// <summary>Datagrams that did not, since too much waited or the connection was gone.</summary>
    public long DropCount => _endedDropCount + _running.Sum(stream => stream.DropCount);

    /// <summary>Datagrams that came by TLS.</summary>
    public long ReceivedCount { get; private set; }

    /// <summary>Why the last attempt failed, for people; null after one that did not.</summary>
    public string? FailureOf(in IpEndpoint endpoint) => _failures.GetValueOrDefault(endpoint);

    public void Open(in IpEndpoint endpoint, RelayTls tls)
    {
        Close(endpoint);
        var stream = new RelayStream(endpoint, tls, _loop);
        _streams.Add(endpoint, stream);
        _running.Add(stream);
        stream.Begin(Opened, Ended);
    }

    public void Close(in IpEndpoint endpoint)
    {
        if (_streams.Remove(endpoint, out var stream))
            stream.Close();
    }

    /// <summary>Queues a datagram for the connection that the endpoint stands for.</summary>
    public void Send(in IpEndpoint endpoint, ReadOnlySpan<byte> datagram)
    {
        if (!_streams.TryGetValue(endpoint, out var stream) || !stream.TrySend(datagram, MonotonicClock.Now))
            _endedDropCount += stream is null ? 1 : 0;
    }

    /// <summary>Lets go what was queued.</summary>
    public void Flush()
    {
        foreach (var stream in _running)
            stream.Flush();
    }

    /// <summary>Fills the batch with what one connection has brought; false when nothing has come.</summary>
    public bool TryReceive(ReceiveBatch batch)
    {
        foreach (var stream in _running)
        {
            if (!stream.TryReceive(batch))
                continue;
            foreach (var run in batch.Runs)
                ReceivedCount += run.Count;
            return true;
        }

        return false;
    }

    /// <summary>After the data thread has ended: what was queued still leaves, if it can at once.</summary>
    public void Dispose()
    {
        foreach (var stream in _running)
            stream.Close();
        Task.WaitAll([.. _running.Select(stream => stream.Completion)]);
        _running.ForEach(stream => stream.Dispose());
    }

    private void Opened(RelayStream stream)
    {
        if (_streams.GetValueOrDefault(stream.Endpoint) != stream)
            return;
        _failures.Remove(stream.Endpoint);
        _changed(stream.Endpoint, true);
    }

    private void Ended(RelayStream stream)
    {
        _running.Remove(stream);
        _endedSentCount += stream.SentCount;
        _endedDropCount += stream.DropCount;
        stream.Dispose();
        if (_streams.GetValueOrDefault(stream.Endpoint) != stream)
            return;
        _streams.Remove(stream.Endpoint);
        _failures[stream.Endpoint] = stream.Failure ?? "the relay closed the connection";
        _changed(stream.Endpoint, false);
    }
}
