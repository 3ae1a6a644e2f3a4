using System.IO.Pipelines;
using System.Net.Sockets;
using Keyhole.Packets;

namespace Keyhole.Net;

/// <summary>
/// A byte stream that stands for a datagram socket with one remote end. Datagrams leave through a bounded queue; whole ones are read out of
/// <see cref="Input"/> by <see cref="DatagramFraming.Read"/>.
/// </summary>
/// <param name="stream">Disposed of with this.</param>
/// <param name="endpoint">What stands for the other end where datagrams have endpoints.</param>
public sealed class DatagramStream(Stream stream, IpEndpoint endpoint) : IDisposable
{
    /// <summary>Bytes that the system takes ahead of what the path takes: what waits there cannot be dropped any more.</summary>
    private const int NotSentLength = 64 * 1024;

    private const int ReadLength = 32 * 1024;

    private readonly DatagramQueue _queue = new();

    public IpEndpoint Endpoint { get; } = endpoint;

    /// <summary>What the other end sent. An idle stream holds no buffer.</summary>
    public PipeReader Input { get; } = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: ReadLength, leaveOpen: true, useZeroByteReads: true));

    /// <summary>Datagrams that were taken for sending.</summary>
    public long SentCount => _queue.Count;

    /// <summary>Datagrams that were dropped since too much waited.</summary>
    public long DropCount => _queue.DropCount;

    /// <summary>Since when the system has taken nothing, monotonic microseconds; <see cref="long.MaxValue"/> while nothing waits for it.</summary>
    public long StuckSince => _queue.BusySince;

    /// <summary>Small writes leave at once, and little is buffered where it cannot be dropped.</summary>
    public static void Prepare(Socket socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        socket.NoDelay = true;
        if (OperatingSystem.IsLinux())
            socket.SetRawSocketOption(Libc.SOL_TCP, Libc.TCP_NOTSENT_LOWAT, BitConverter.GetBytes(NotSentLength));
    }

    /// <summary>Queues a datagram; it leaves with the next <see cref="Flush"/> at the latest. False when it was dropped. From any thread.</summary>
    public bool TrySend(ReadOnlySpan<byte> datagram, long now) => _queue.TryEnqueue(datagram, now);

    /// <summary>Begins to write what was queued. From any thread.</summary>
    public void Flush() => _queue.Flush();

    /// <summary>Writes what is queued, all that waits at once, until <see cref="Close"/>.</summary>
    /// <exception cref="IOException">The stream broke.</exception>
    public async Task WriteAsync(CancellationToken stop)
    {
        try
        {
            while (true)
            {
                await _queue.WaitAsync().ConfigureAwait(false);
                var bytes = _queue.Take();
                if (bytes.IsEmpty)
                    return;
                await stream.WriteAsync(bytes, stop).ConfigureAwait(false);
                _queue.Done();
            }
        }
        finally
        {
            _queue.Done();
        }
    }

    /// <summary>Takes nothing for sending any more; the writer writes what is queued and ends.</summary>
    public void Close() => _queue.Close();

    /// <summary>After the writer and the reader have ended.</summary>
    public void Dispose()
    {
        Close();
        Input.Complete();
        stream.Dispose();
    }
}
