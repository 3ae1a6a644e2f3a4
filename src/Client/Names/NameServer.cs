using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Keyhole.Cryptography;
using Keyhole.Net;
using Keyhole.Packets;
using Keyhole.Tunnel;

namespace Keyhole.Client;

/// <summary>
/// The machine's own name server, on UDP and TCP: granted names are answered from the table, everything else by the servers that were asked before. Programs
/// of this machine only: whoever asks does so from the very address of the server, or from loopback.
/// </summary>
internal sealed class NameServer : IAsyncDisposable
{
    private const int MaximumConnections = 32;

    /// <summary>Queries over UDP that wait for a server of before.</summary>
    private const int MaximumWaiting = 256;

    private const int MaximumBindings = 20;

    private static readonly TimeSpan ConnectionPatience = TimeSpan.FromSeconds(10);

    private readonly Socket _datagrams;
    private readonly Socket _listener;
    private readonly NameCounters _counters;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task[] _serving;
    private volatile NameTable _names = NameTable.None;
    private int _connections;
    private int _waiting;

    /// <param name="endpoint">With port 0 the system chooses one.</param>
    /// <exception cref="SocketException">The address is not there, or in use, or the port needs a privilege.</exception>
    public NameServer(IPEndPoint endpoint, NameCounters counters)
    {
        _counters = counters;
        (_datagrams, _listener) = Bind(endpoint);
        Endpoint = (IPEndPoint)_datagrams.LocalEndPoint!;
        _serving = [ServeDatagramsAsync(), ServeConnectionsAsync()];
    }

    public IPEndPoint Endpoint { get; }

    /// <summary>A datagram socket and a listener on one port.</summary>
    private static (Socket Datagrams, Socket Listener) Bind(IPEndPoint endpoint)
    {
        for (int attempt = 1; ; attempt++)
        {
            var datagrams = new Socket(endpoint.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            var listener = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                datagrams.Bind(endpoint);
                listener.Bind(datagrams.LocalEndPoint!);
                listener.Listen(MaximumConnections);
                return (datagrams, listener);
            }
            catch (SocketException e)
            {
                datagrams.Dispose();
                listener.Dispose();
                // A port that the system chose for datagrams may be in use for connections.
                if (endpoint.Port != 0 || e.SocketErrorCode != SocketError.AddressAlreadyInUse || attempt == MaximumBindings)
                    throw;
            }
        }
    }

    /// <summary>What is answered here, from the next query on.</summary>
    public NameTable Names
    {
        get => _names;
        set => _names = value;
    }

    public QueryForwarder Forwarder { get; } = new(RandomSource.System.Fill);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _datagrams.Dispose();
        _listener.Dispose();
        await Task.WhenAll(_serving);
        _stop.Dispose();
    }

    private async Task ServeDatagramsAsync()
    {
        byte[] query = new byte[QueryForwarder.MaximumDatagramLength];
        byte[] response = new byte[NameResponder.MaximumResponseLength];
        var anybody = new IPEndPoint(Endpoint.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var received = await _datagrams.ReceiveFromAsync(query, anybody, _stop.Token);
                var source = (IPEndPoint)received.RemoteEndPoint;
                var verdict = IsLocal(source) ? NameResponder.Respond(_names, query.AsSpan(0, received.ReceivedBytes), response, out int length) : IgnoredBy(out length);
                if (verdict == NameVerdict.Forward && Interlocked.Increment(ref _waiting) <= MaximumWaiting)
                {
                    _ = ForwardDatagramAsync(query.AsSpan(0, received.ReceivedBytes).ToArray(), source);
                    continue;
                }

                if (verdict == NameVerdict.Forward)
                    Interlocked.Decrement(ref _waiting);
                if (verdict != NameVerdict.Answered)
                {
                    _counters.CountDropped();
                    continue;
                }

                _counters.CountAnswered();
                await _datagrams.SendToAsync(response.AsMemory(0, length), source, _stop.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                // Whoever asked is gone.
            }
        }
    }

    private static NameVerdict IgnoredBy(out int length)
    {
        length = 0;
        return NameVerdict.Ignored;
    }

    private async Task ForwardDatagramAsync(byte[] query, IPEndPoint source)
    {
        byte[] response = ArrayPool<byte>.Shared.Rent(QueryForwarder.MaximumDatagramLength);
        try
        {
            int length = await ForwardAsync(query, isStream: false, response.AsMemory(0, QueryForwarder.MaximumDatagramLength), _stop.Token);
            if (length > NameResponder.LimitOf(query))
                length = NameResponder.Fail(query, response, DnsResponseCode.NoError, isTruncated: true);
            await _datagrams.SendToAsync(response.AsMemory(0, length), source, _stop.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // The server ends, or whoever asked is gone.
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(response);
            Interlocked.Decrement(ref _waiting);
        }
    }

    /// <summary>The answer of a server of before, or that there is none.</summary>
    private async Task<int> ForwardAsync(ReadOnlyMemory<byte> query, bool isStream, Memory<byte> response, CancellationToken stop)
    {
        int length = await Forwarder.ForwardAsync(query, isStream, response, stop);
        if (length == 0)
        {
            _counters.CountFailed();
            return NameResponder.Fail(query.Span, response.Span, DnsResponseCode.ServerFailure);
        }

        _counters.CountForwarded();
        return length;
    }

    private async Task ServeConnectionsAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var connection = await _listener.AcceptAsync(_stop.Token);
                if (IsLocal((IPEndPoint)connection.RemoteEndPoint!) && Interlocked.Increment(ref _connections) <= MaximumConnections)
                {
                    _ = ServeConnectionAsync(connection);
                    continue;
                }

                if (IsLocal((IPEndPoint)connection.RemoteEndPoint!))
                    Interlocked.Decrement(ref _connections);
                _counters.CountDropped();
                connection.Dispose();
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                // It was gone before it was served, or there is no descriptor left for it.
                await Task.Delay(100);
            }
        }
    }

    private async Task ServeConnectionAsync(Socket connection)
    {
        byte[] query = ArrayPool<byte>.Shared.Rent(2 + ushort.MaxValue);
        byte[] response = ArrayPool<byte>.Shared.Rent(2 + ushort.MaxValue);
        try
        {
            connection.NoDelay = true;
            await using var stream = new NetworkStream(connection, ownsSocket: true);
            while (await ServeQueryAsync(stream, query, response))
            {
                // One query after the other (RFC 7766 section 6.2.1.1).
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or IOException or SocketException)
        {
            // It ended, or was silent for too long.
        }
        finally
        {
            connection.Dispose();
            ArrayPool<byte>.Shared.Return(query);
            ArrayPool<byte>.Shared.Return(response);
            Interlocked.Decrement(ref _connections);
        }
    }

    private async Task<bool> ServeQueryAsync(NetworkStream stream, byte[] query, byte[] response)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        patience.CancelAfter(ConnectionPatience);
        await stream.ReadExactlyAsync(query.AsMemory(0, 2), patience.Token);
        var message = query.AsMemory(2, BinaryPrimitives.ReadUInt16BigEndian(query));
        await stream.ReadExactlyAsync(message, patience.Token);
        var verdict = NameResponder.Respond(_names, message.Span, response.AsSpan(2), out int length);
        switch (verdict)
        {
            case NameVerdict.Answered:
                _counters.CountAnswered();
                break;
            case NameVerdict.Forward:
                length = await ForwardAsync(message, isStream: true, response.AsMemory(2, ushort.MaxValue), patience.Token);
                break;
            default:
                _counters.CountDropped();
                return false;
        }

        BinaryPrimitives.WriteUInt16BigEndian(response, (ushort)length);
        await stream.WriteAsync(response.AsMemory(0, 2 + length), patience.Token);
        return true;
    }

    /// <summary>What a site sends to the overlay address of this machine is no business of the name server.</summary>
    private bool IsLocal(IPEndPoint source) => IPAddress.IsLoopback(source.Address) || source.Address.Equals(Endpoint.Address);
}
