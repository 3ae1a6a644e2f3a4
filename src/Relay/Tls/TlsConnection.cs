using System.Buffers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Keyhole.Net;
using Keyhole.Packets;

namespace Keyhole.Relay;

/// <summary>
/// One TCP connection from its accept to its end. It does nothing by itself for whoever says nothing.
/// <code>
/// accepted → ClientHello (5 s) ┬ offers "keyhole" → TLS (5 s) → address of an agent (10 s) → … not its address any more (15 s), or stuck (30 s) → closed
///                              ├ another protocol → fallback … nothing moves (5 min) → closed
///                              └ no TLS → closed
/// </code>
/// </summary>
internal sealed class TlsConnection(Socket socket, IpAddress source, TlsListener listener) : IDisposable
{
    private const int HelloTimeout = 5_000_000;
    private const int HandshakeTimeout = 5_000_000;
    private const int ProofTimeout = 10_000_000;
    private const int AbandonedTimeout = 15_000_000;
    private const int StuckTimeout = 30_000_000;
    private const int IdleTimeout = 300_000_000;

    /// <summary>What a connection may bring before an agent has it as its address: a registration is less than one kilobyte.</summary>
    private const long MaximumUnprovenLength = 64 << 10;

    private readonly CancellationTokenSource _over = new();
    private readonly Lock _lock = new();

    // Under the lock.
    private bool _isProven;
    private bool _hasLeft;

    // The tasks of the connection write, the listener's survey reads.
    private DatagramStream? _stream;
    private bool _isSpliced;
    private long _deadline = MonotonicClock.Now + HelloTimeout;

    /// <summary>The listener's survey only: when an agent last had this connection as its address.</summary>
    private long _ownedAt;

    public async Task RunAsync()
    {
        try
        {
            var (result, first) = await ReadHelloAsync();
            switch (result)
            {
                case ClientHelloResult.Offers:
                    await ServeAsync(first);
                    break;
                case ClientHelloResult.OffersOther:
                    await SpliceAsync(first);
                    break;
                case ClientHelloResult.Refused:
                    listener.Counters.Add(TlsEvent.NotTls);
                    break;
            }
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The other end is gone, or it was given up; whoever gave it up has counted it.
        }
    }

    /// <summary>Ends what has had its time. Called now and then by one thread.</summary>
    public void Survey(long now)
    {
        if (_over.IsCancellationRequested)
            return;
        if (Volatile.Read(ref _stream) is { } stream)
            Survey(stream, now);
        else if (now > Volatile.Read(ref _deadline))
            End(Volatile.Read(ref _isSpliced) ? TlsEvent.Idle : TlsEvent.TimedOut);
    }

    /// <summary>Ends it, wherever it is.</summary>
    public void End() => _ = _over.CancelAsync();

    /// <summary>After <see cref="RunAsync"/>: gives back what it had.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _hasLeft = true;
            listener.Limits.Leave(source, _isProven);
        }

        socket.Dispose();
    }

    /// <summary>All up to the end of the hello; <see cref="ClientHelloResult.NeedsMore"/> when the other end closed before it.</summary>
    private async Task<(ClientHelloResult Result, byte[] First)> ReadHelloAsync()
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(ClientHello.MaximumLength);
        try
        {
            for (int length = 0; ;)
            {
                int received = await socket.ReceiveAsync(buffer.AsMemory(length, ClientHello.MaximumLength - length), _over.Token);
                length += received;
                var result = ClientHello.Read(buffer.AsSpan(0, length), TlsListener.Protocol);
                if (result != ClientHelloResult.NeedsMore || received == 0)
                    return (result, buffer[..length]);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void Survey(DatagramStream stream, long now)
    {
        if (listener.IsAddressOfAgent(stream.Endpoint))
        {
            _ownedAt = now;
            Prove();
        }

        if (!_isProven ? now > Volatile.Read(ref _deadline) : now > _ownedAt + AbandonedTimeout)
            End(TlsEvent.Unproven);
        else if (stream.StuckSince is var since && since < now - StuckTimeout)
            End(TlsEvent.Stuck);
    }

    private void End(TlsEvent reason)
    {
        listener.Counters.Add(reason);
        End();
    }

    private void Prove()
    {
        lock (_lock)
        {
            if (_isProven || _hasLeft)
                return;
            _isProven = true;
            listener.Limits.Prove(source);
        }
    }

    private async Task ServeAsync(byte[] first)
    {
        long now = MonotonicClock.Now;
        if (!listener.Limits.TryBeginHandshake(source, now))
        {
            listener.Counters.Add(TlsEvent.Refused);
            return;
        }

        Volatile.Write(ref _deadline, now + HandshakeTimeout);
        DatagramStream.Prepare(socket);
        var tls = new SslStream(new ReplayStream(first, new NetworkStream(socket, ownsSocket: false)));
        await using (tls.ConfigureAwait(false))
        {
            try
            {
                await tls.AuthenticateAsServerAsync(listener.TlsOptions, _over.Token);
            }
            catch (AuthenticationException)
            {
                listener.Counters.Add(TlsEvent.HandshakeFailed);
                return;
            }

            await ServeAsync(tls);
        }
    }

    private async Task ServeAsync(SslStream tls)
    {
        using var stream = new DatagramStream(tls, listener.Streams.NewEndpoint());
        listener.Counters.Add(TlsEvent.Opened);
        listener.Streams.Add(stream);
        Volatile.Write(ref _deadline, MonotonicClock.Now + ProofTimeout);
        Volatile.Write(ref _stream, stream);
        var writing = stream.WriteAsync(_over.Token);
        try
        {
            await ReadAsync(stream);
        }
        finally
        {
            listener.Streams.Remove(stream);
            stream.Close();
            await _over.CancelAsync();
            await writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ReadAsync(DatagramStream stream)
    {
        long received = 0;
        while (true)
        {
            var result = await stream.Input.ReadAsync(_over.Token);
            var bytes = result.Buffer;
            var end = bytes.End;
            if (received <= MaximumUnprovenLength && (received += bytes.Length) > MaximumUnprovenLength && !listener.IsAddressOfAgent(stream.Endpoint))
            {
                listener.Counters.Add(TlsEvent.Unproven);
                return;
            }

            if (!listener.Router.TryRoute(ref bytes, stream.Endpoint))
            {
                listener.Counters.Add(TlsEvent.Broken);
                return;
            }

            stream.Input.AdvanceTo(bytes.Start, end);
            if (result.IsCompleted)
                return;
        }
    }

    private async Task SpliceAsync(byte[] first)
    {
        Volatile.Write(ref _deadline, long.MaxValue);
        if (listener.Fallback is not { } fallback || await Splice.ConnectAsync(fallback, socket, first, _over.Token) is not { } other)
        {
            listener.Counters.Add(TlsEvent.NoFallback);
            return;
        }

        using (other)
        {
            listener.Counters.Add(TlsEvent.Spliced);
            Prove();
            Moved();
            Volatile.Write(ref _isSpliced, true);
            await Splice.RunAsync(socket, other, Moved, _over.Token);
        }

        void Moved() => Volatile.Write(ref _deadline, MonotonicClock.Now + IdleTimeout);
    }
}
