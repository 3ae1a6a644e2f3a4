using System.Buffers;
using Keyhole.Net;
using Keyhole.Packets;
using Keyhole.Tunnel;

namespace Keyhole.Relay;

/// <summary>Routes what TLS connections bring, one after the other, as a data thread routes what its socket brings. Any thread.</summary>
internal sealed class StreamRouter : IDisposable
{
    private readonly IDatagramSender _sender;
    private readonly Lock _lock = new();

    // Under the lock.
    private readonly BatchRouter _router;
    private readonly ReceiveBatch _received = new(16, 65_536);
    private long _count;
    private bool _isClosed;

    /// <param name="sender">Disposed of with this.</param>
    public StreamRouter(IDatagramSender sender, SharedState shared, RelayForwarder forwarder)
    {
        _sender = sender;
        _router = new BatchRouter(sender, shared, isOfStreams: true);
        _router.Open(forwarder);
    }

    /// <summary>What it forwarded and dropped.</summary>
    public RelayForwarder Forwarder => _router.Forwarder;

    /// <summary>Datagrams that came.</summary>
    public long ReceivedCount => Volatile.Read(ref _count);

    /// <summary>Routes the whole datagrams at the front of <paramref name="bytes"/> and takes them away; false when the stream is no stream of datagrams.</summary>
    public bool TryRoute(ref ReadOnlySequence<byte> bytes, in IpEndpoint source)
    {
        FramingResult result;
        do
        {
            lock (_lock)
            {
                if (_isClosed)
                    return false;
                _received.Clear();
                result = DatagramFraming.Read(ref bytes, source, _received);
                foreach (var run in _received.Runs)
                    _count += run.Count;
                _router.Route(_received, MonotonicClock.Now, isOverloaded: false);
            }
        }
        while (result == FramingResult.BatchFull);
        return result != FramingResult.Broken;
    }

    public void Dispose()
    {
        lock (_lock)
        {
            if (_isClosed)
                return;
            _isClosed = true;
            _router.Dispose();
            _received.Dispose();
            _sender.Dispose();
        }
    }
}
