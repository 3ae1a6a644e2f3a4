using System.Buffers;
using System.Threading.Tasks.Sources;
using Keyhole.Contracts;
using Keyhole.Net;
using Keyhole.Packets;

namespace Keyhole.Edge;

/// <summary>
/// One TLS connection to a relay. Its own task connects and reads; what it has read it offers to the data thread, and reads on when that was taken.
/// </summary>
internal sealed class RelayStream(IpEndpoint endpoint, RelayTls tls, EventLoop loop) : IValueTaskSource<bool>, IDisposable
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);

    /// <summary>How long what was queued may take to leave.</summary>
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _over = new();

    // The task writes, the data thread reads.
    private volatile DatagramStream? _stream;

    // Of the task until it was offered, then of the data thread until it was taken. Whoever turns 1 into 0 says what became of it.
    private ReadOnlySequence<byte> _offered;
    private int _isOffered;
    private ManualResetValueTaskSourceCore<bool> _taken = new() { RunContinuationsAsynchronously = true };
    private volatile bool _isClosing;

    public IpEndpoint Endpoint { get; } = endpoint;

    /// <summary>Completes when everything of it has ended.</summary>
    public Task Completion { get; private set; } = Task.CompletedTask;

    /// <summary>Why it ended, when it was not asked to.</summary>
    public string? Failure { get; private set; }

    public long SentCount => _stream?.SentCount ?? 0;

    public long DropCount => _stream?.DropCount ?? 0;

    /// <param name="opened">On the data thread.</param>
    /// <param name="ended">On the data thread, once.</param>
    public void Begin(Action<RelayStream> opened, Action<RelayStream> ended) => Completion = Task.Run(async () =>
    {
        try
        {
            await RunAsync(opened);
        }
#pragma warning disable CA1031 // whatever ended it, the data thread must hear of it
        catch (Exception e)
#pragma warning restore CA1031
        {
            Failure = e is OperationCanceledException ? "no answer" : e.Message;
        }

        loop.Post(() => ended(this));
    });

    public bool TrySend(ReadOnlySpan<byte> datagram, long now) => _stream is { } stream && stream.TrySend(datagram, now);

    public void Flush() => _stream?.Flush();

    /// <summary>Fills the batch with what was read; false when nothing was.</summary>
    public bool TryReceive(ReceiveBatch batch)
    {
        if (_isClosing || Volatile.Read(ref _isOffered) == 0)
            return false;
        batch.Clear();
        var result = DatagramFraming.Read(ref _offered, Endpoint, batch);
        if (result != FramingResult.BatchFull)
            Answer(result == FramingResult.NeedsMore);
        return true;
    }

    /// <summary>Ends it, after what was queued has left. The data thread takes nothing from it any more.</summary>
    public void Close()
    {
        _isClosing = true;
        Answer(false);
        if (_stream is { } stream)
        {
            stream.Close();
            _over.CancelAfter(LastWords);
        }
        else
        {
            _ = _over.CancelAsync();
        }
    }

    /// <summary>After <see cref="Completion"/>.</summary>
    public void Dispose() => _over.Dispose();

    bool IValueTaskSource<bool>.GetResult(short token) => _taken.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<bool>.GetStatus(short token) => _taken.GetStatus(token);

    void IValueTaskSource<bool>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _taken.OnCompleted(continuation, state, token, flags);

    private async Task RunAsync(Action<RelayStream> opened)
    {
        using var stream = new DatagramStream(await ConnectAsync(), Endpoint);
        _stream = stream;
        if (_isClosing)
            return;
        loop.Post(() => opened(this));
        var writing = WriteAsync(stream);
        try
        {
            await ReadAsync(stream);
        }
        finally
        {
            stream.Close();
            if (!_isClosing)
                await _over.CancelAsync();
            await writing;
        }
    }

    private Task<Stream> ConnectAsync() => RelayDialer.ConnectAsync(tls, ConnectTimeout, _over.Token);

    /// <summary>When the writer ends, by request or by a fault, so does the connection.</summary>
    private async Task WriteAsync(DatagramStream stream)
    {
        try
        {
            await stream.WriteAsync(_over.Token);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The reader says why.
        }

        await _over.CancelAsync();
    }

    private async Task ReadAsync(DatagramStream stream)
    {
        while (true)
        {
            var result = await stream.Input.ReadAsync(_over.Token);
            var end = result.Buffer.End;
            if (!await OfferAsync(result.Buffer))
            {
                Failure = "the relay sent something else than datagrams";
                return;
            }

            stream.Input.AdvanceTo(_offered.Start, end);
            if (result.IsCompleted)
                return;
        }
    }

    /// <summary>Hands bytes to the data thread; true when they were datagrams as far as they go.</summary>
    private async ValueTask<bool> OfferAsync(ReadOnlySequence<byte> bytes)
    {
        _offered = bytes;
        _taken.Reset();
        var taken = new ValueTask<bool>(this, _taken.Version);
        // A full fence: Close sets its flag and then looks here, this the other way round.
        Interlocked.Exchange(ref _isOffered, 1);
        if (_isClosing)
            Answer(false);
        else
            loop.Wake();
        return await taken;
    }

    private void Answer(bool isUnderstood)
    {
        if (Interlocked.CompareExchange(ref _isOffered, 0, 1) == 1)
            _taken.SetResult(isUnderstood);
    }
}
