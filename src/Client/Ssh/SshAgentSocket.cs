using System.Buffers.Binary;
using System.Net.Sockets;
using Keyhole.Agent;
using Keyhole.Ssh;

namespace Keyhole.Client;

/// <summary>An SSH agent on a unix socket, for the time of one session. The directory that holds the socket lets nobody else come.</summary>
internal sealed class SshAgentSocket : IAsyncDisposable
{
    private const int MaximumConnections = 8;

    private readonly AgentProtocol _protocol;
    private readonly Lock _gate = new();
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly SemaphoreSlim _free = new(MaximumConnections);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;

    /// <exception cref="AgentException">The socket cannot be made.</exception>
    public SshAgentSocket(string path, AgentProtocol protocol)
    {
        _protocol = protocol;
        try
        {
            _listener.Bind(new UnixDomainSocketEndPoint(path));
            _listener.Listen(MaximumConnections);
        }
        catch (Exception e) when (e is SocketException or ArgumentOutOfRangeException)
        {
            _listener.Dispose();
            throw new AgentException($"The socket {path} for ssh cannot be made: {e.Message}", e);
        }

        _accepting = AcceptAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        _listener.Dispose();
        await _accepting.ConfigureAwait(false);
        // Connections end by the token, and then take nothing any more.
        for (int place = 0; place < MaximumConnections; place++)
            await _free.WaitAsync().ConfigureAwait(false);
        _free.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            try
            {
                await _free.WaitAsync(_stop.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            try
            {
                _ = ServeAsync(await _listener.AcceptAsync(_stop.Token).ConfigureAwait(false));
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
            {
                _free.Release();
                if (e is not SocketException || _stop.IsCancellationRequested)
                    return;
            }
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        try
        {
            using var stream = new NetworkStream(socket, ownsSocket: true);
            byte[] head = new byte[sizeof(uint)];
            while (await stream.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, _stop.Token).ConfigureAwait(false) == head.Length)
            {
                uint length = BinaryPrimitives.ReadUInt32BigEndian(head);
                if (length is 0 or > AgentProtocol.MaximumLength)
                    return;
                byte[] request = new byte[length];
                await stream.ReadExactlyAsync(request, _stop.Token).ConfigureAwait(false);
                byte[] answer = Answer(request);
                byte[] message = new byte[sizeof(uint) + answer.Length];
                BinaryPrimitives.WriteUInt32BigEndian(message, (uint)answer.Length);
                answer.CopyTo(message, sizeof(uint));
                await stream.WriteAsync(message, _stop.Token).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // The other end has gone, or the session is over.
        }
        finally
        {
            _free.Release();
        }
    }

    private byte[] Answer(byte[] request)
    {
        lock (_gate)
            return _protocol.Answer(request);
    }
}
