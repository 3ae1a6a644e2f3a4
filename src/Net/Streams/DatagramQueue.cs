using System.Buffers;
using System.Threading.Tasks.Sources;

namespace Keyhole.Net;

/// <summary>
/// Datagrams on their way into one stream. Any thread puts them in, one writer takes all that wait at once. What waits is bounded by bytes and by age, and
/// the newest is dropped: a datagram that comes late is worth less than none, since its sender has repeated it by then.
/// <code>
/// TryEnqueue … Flush → WaitAsync → Take → (written) → Done
/// </code>
/// </summary>
public sealed class DatagramQueue : IValueTaskSource
{
    /// <summary>Bytes that wait or are being written, heads included.</summary>
    public const int MaximumLength = 64 * 1024;

    /// <summary>Microseconds that the oldest one waits before nothing more is taken.</summary>
    public const long MaximumAge = 50_000;

    private readonly Lock _lock = new();

    // Under the lock.
    private ManualResetValueTaskSourceCore<bool> _wake = new() { RunContinuationsAsynchronously = true };
    private byte[]? _waiting;
    private byte[]? _taken;
    private int _waitingLength;
    private int _takenLength;
    private long _waitingSince;
    private long _takenSince;
    private long _count;
    private long _dropCount;
    private bool _isAwaited;
    private bool _isClosed;

    /// <summary>Datagrams that were taken in.</summary>
    public long Count => Volatile.Read(ref _count);

    /// <summary>Datagrams for which there was no room.</summary>
    public long DropCount => Volatile.Read(ref _dropCount);

    /// <summary>Since when the writer has been busy with what it took; <see cref="long.MaxValue"/> when it is not.</summary>
    public long BusySince
    {
        get
        {
            lock (_lock)
                return _taken is null ? long.MaxValue : _takenSince;
        }
    }

    /// <summary>Copies a datagram behind those that wait; false when it was dropped.</summary>
    /// <param name="now">Monotonic microseconds.</param>
    public bool TryEnqueue(ReadOnlySpan<byte> datagram, long now)
    {
        lock (_lock)
        {
            int length = DatagramFraming.HeadLength + datagram.Length;
            if (_isClosed || datagram.Length is 0 or > DatagramFraming.MaximumLength || _waitingLength + _takenLength + length > MaximumLength || now - OldestAt(now) > MaximumAge)
            {
                _dropCount++;
                return false;
            }

            if (_waitingLength == 0)
            {
                _waitingSince = now;
                _waiting ??= ArrayPool<byte>.Shared.Rent(MaximumLength);
            }

            _waitingLength += DatagramFraming.Write(datagram, _waiting.AsSpan(_waitingLength));
            _count++;
            return true;
        }
    }

    /// <summary>Lets the writer have what was put in.</summary>
    public void Flush()
    {
        lock (_lock)
        {
            if (!_isAwaited || _waitingLength == 0)
                return;
            _isAwaited = false;
        }

        _wake.SetResult(true);
    }

    /// <summary>The writer: completes when there is something to take, or the queue was closed.</summary>
    public ValueTask WaitAsync()
    {
        lock (_lock)
        {
            if (_isClosed || _waitingLength > 0)
                return ValueTask.CompletedTask;
            _wake.Reset();
            _isAwaited = true;
            return new ValueTask(this, _wake.Version);
        }
    }

    /// <summary>The writer: all that waits, valid until <see cref="Done"/>; empty when the queue was closed and nothing waits.</summary>
    public ReadOnlyMemory<byte> Take()
    {
        lock (_lock)
        {
            if (_waiting is null)
                return default;
            (_taken, _waiting) = (_waiting, null);
            (_takenLength, _waitingLength) = (_waitingLength, 0);
            _takenSince = _waitingSince;
            return _taken.AsMemory(0, _takenLength);
        }
    }

    /// <summary>The writer: what was taken has been written.</summary>
    public void Done()
    {
        lock (_lock)
        {
            if (_taken is { } buffer)
                ArrayPool<byte>.Shared.Return(buffer);
            _taken = null;
            _takenLength = 0;
        }
    }

    /// <summary>Nothing is taken in any more; the writer wakes up, takes what still waits, and then nothing.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _isClosed = true;
            if (!_isAwaited)
                return;
            _isAwaited = false;
        }

        _wake.SetResult(true);
    }

    void IValueTaskSource.GetResult(short token) => _wake.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _wake.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _wake.OnCompleted(continuation, state, token, flags);

    private long OldestAt(long now) => _taken is not null ? _takenSince : _waitingLength > 0 ? _waitingSince : now;
}
