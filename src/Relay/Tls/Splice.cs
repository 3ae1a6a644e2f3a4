using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Keyhole.Packets;

namespace Keyhole.Relay;

/// <summary>Joins a connection that is not ours to the fallback, byte for byte and still encrypted, behind a header that says who it is.</summary>
internal static class Splice
{
    private const int BufferLength = 16 * 1024;

    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);

    /// <summary>How long one direction goes on when the other has ended.</summary>
    private static readonly TimeSpan HalfOpenTimeout = TimeSpan.FromSeconds(60);

    /// <summary>A connection to the fallback that has been told who is there and what was read already; null when there is none to be had.</summary>
    public static async Task<Socket?> ConnectAsync(EndPoint fallback, Socket accepted, ReadOnlyMemory<byte> first, CancellationToken stop)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        byte[] header = ArrayPool<byte>.Shared.Rent(ProxyHeader.MaximumLength);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(ConnectTimeout);
        try
        {
            int length = ProxyHeader.Write(EndpointOf(accepted.RemoteEndPoint!), EndpointOf(accepted.LocalEndPoint!), header);
            await socket.ConnectAsync(fallback, patience.Token);
            await SendAsync(socket, header.AsMemory(0, length), patience.Token);
            await SendAsync(socket, first, patience.Token);
            return socket;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            socket.Dispose();
            return null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(header);
        }
    }

    /// <summary>Carries bytes both ways until both directions have ended, or one broke.</summary>
    /// <param name="moved">Called whenever bytes came from either end.</param>
    public static async Task RunAsync(Socket one, Socket other, Action moved, CancellationToken stop)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var there = CopyAsync(one, other, moved, over);
        var back = CopyAsync(other, one, moved, over);
        await Task.WhenAny(there, back);
        over.CancelAfter(HalfOpenTimeout);
        await Task.WhenAll(there, back);
    }

    private static async Task CopyAsync(Socket from, Socket to, Action moved, CancellationTokenSource over)
    {
        try
        {
            while (true)
            {
                // An idle direction holds no buffer.
                await from.ReceiveAsync(Memory<byte>.Empty, over.Token);
                byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferLength);
                try
                {
                    int length = await from.ReceiveAsync(buffer, over.Token);
                    if (length == 0)
                        break;
                    moved();
                    await SendAsync(to, buffer.AsMemory(0, length), over.Token);
                }
                finally
                {
                    ArrayPool<byte>.Shared.Return(buffer);
                }
            }

            to.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // One end is gone: the other one has nobody to talk to.
            await over.CancelAsync();
        }
    }

    private static async ValueTask SendAsync(Socket socket, ReadOnlyMemory<byte> bytes, CancellationToken stop)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[await socket.SendAsync(bytes, stop)..];
    }

    private static IpEndpoint EndpointOf(EndPoint endpoint) => endpoint is IPEndPoint ip ? new IpEndpoint(IpAddress.From(ip.Address), (ushort)ip.Port) : default;
}
