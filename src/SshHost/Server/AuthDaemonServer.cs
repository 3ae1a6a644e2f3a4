using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Logging;

namespace Keyhole.SshHost;

/// <summary>
/// The auth daemon behind HTTPS. <c>PUT /v1/hosts/{authority}/{resource}</c> brings the host to a row, <c>POST …/accounts</c> makes an account ready. Nothing is read
/// beyond the head before the pre-shared key was right, and nothing is done for a connector that does not speak for the organisation.
/// </summary>
internal sealed class AuthDaemonServer : IAsyncDisposable
{
    private const string Json = "application/json";
    private static readonly TimeSpan HandshakePatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ReadPatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan WritePatience = TimeSpan.FromSeconds(10);

    private readonly LocalAuthDaemon _daemon;
    private readonly PreSharedKey _preSharedKey;
    private readonly DaemonCertificate _certificate;
    private readonly SourceLimits _limits;
    private readonly ILogger _log;
    private readonly TcpListener _listener;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;

    /// <exception cref="AuthDaemonException">The address is in use or not there.</exception>
    public AuthDaemonServer(IPEndPoint address, LocalAuthDaemon daemon, PreSharedKey preSharedKey, DaemonCertificate certificate, ILogger log, TimeProvider time)
    {
        _daemon = daemon;
        _preSharedKey = preSharedKey;
        _certificate = certificate;
        _limits = new SourceLimits(time);
        _log = log;
        _listener = new TcpListener(address);
        try
        {
            if (address.Address.Equals(IPAddress.IPv6Any))
                _listener.Server.DualMode = true;
            _listener.Start();
        }
        catch (SocketException e)
        {
            throw new AuthDaemonException($"The auth daemon cannot listen on {address}: {e.Message}", e);
        }

        SshHostLog.Listening(log, Address.ToString(), certificate.Pin);
        _accepting = AcceptAsync();
    }

    public IPEndPoint Address => (IPEndPoint)_listener.LocalEndpoint;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        _listener.Dispose();
        await _accepting.ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var socket = await _listener.AcceptSocketAsync(_stop.Token).ConfigureAwait(false);
                if (_limits.TryEnter(SourceLimits.SourceOf(((IPEndPoint)socket.RemoteEndPoint!).Address), socket.Dispose) is { } place)
                    _ = ServeAsync(socket, place);
                else
                    socket.Dispose();
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                // Out of file handles, or the caller left: the next accept may do better.
                await Task.Delay(100).ConfigureAwait(false);
            }
        }
    }

    private async Task ServeAsync(Socket socket, ConnectionPlace place)
    {
        try
        {
            await using var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
            using (var patience = Patience(HandshakePatience))
            {
                var options = new SslServerAuthenticationOptions { ServerCertificateContext = _certificate.Context, EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13 };
                await stream.AuthenticateAsServerAsync(options, patience.Token).ConfigureAwait(false);
            }

            await AnswerAsync(stream, place).ConfigureAwait(false);
            using (var patience = Patience(WritePatience))
            {
                await stream.ShutdownAsync().WaitAsync(patience.Token).ConfigureAwait(false);
                // What the caller still sends is read away, so that the answer is not lost to a reset.
                socket.Shutdown(SocketShutdown.Send);
                byte[] rest = new byte[4096];
                for (int left = HttpWire.MaximumBodyLength; left > 0;)
                {
                    int read = await socket.ReceiveAsync(rest, patience.Token).ConfigureAwait(false);
                    left = read == 0 ? 0 : left - read;
                }
            }
        }
        catch (Exception e) when (e is IOException or SocketException or AuthenticationException or OperationCanceledException or ObjectDisposedException)
        {
            // The caller left, was too slow, or does not speak TLS.
        }
        finally
        {
            _limits.Leave(place);
        }
    }

    private async Task AnswerAsync(SslStream stream, ConnectionPlace place)
    {
        try
        {
            using var patience = Patience(ReadPatience);
            var head = await HttpWire.ReadHeadAsync(stream, patience.Token).ConfigureAwait(false);
            if (head is null)
                return;
            var request = HttpWire.Parse(head.Value.Head) ?? throw new Refusal(400, "Bad Request", "This is no request that the auth daemon reads.");
            CheckKey(request, place);
            byte[] answer = await DispatchAsync(request, await ReadBodyAsync(stream, request, head.Value.Behind, patience.Token).ConfigureAwait(false)).ConfigureAwait(false);
            await WriteAsync(stream, 200, "OK", Json, answer).ConfigureAwait(false);
        }
        catch (Refusal refusal)
        {
            await RefuseAsync(stream, refusal.Status, refusal.Title, refusal.Message).ConfigureAwait(false);
        }
        catch (AuthDaemonException e) when (e.Fault == AuthDaemonFault.Conflict)
        {
            await RefuseAsync(stream, 409, "Conflict", e.Message).ConfigureAwait(false);
        }
        catch (AuthDaemonException e)
        {
            SshHostLog.Failed(_log, e.Message);
            var (status, title) = e.Fault == AuthDaemonFault.Forbidden ? (403, "Forbidden") : (422, "Unprocessable Content");
            await RefuseAsync(stream, status, title, e.Message).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // a request that fails in a way that nobody thought of is answered, and told of
        catch (Exception e) when (e is not (IOException or SocketException or OperationCanceledException or ObjectDisposedException))
#pragma warning restore CA1031
        {
            SshHostLog.Unexpected(_log, e.ToString());
            await RefuseAsync(stream, 500, "Internal Server Error", "The auth daemon failed: its log on the host says why.").ConfigureAwait(false);
        }
    }

    private void CheckKey(HttpRequest request, ConnectionPlace place)
    {
        // The right key always counts: whoever shares the connector's address must not keep it away.
        if (_preSharedKey.Matches(request.Header("authorization")))
        {
            place.HasKey = true;
            return;
        }

        if (!_limits.MayTry(place.Source))
            throw new Refusal(429, "Too Many Requests", "Too many wrong pre-shared keys came from this address: wait a minute.");
        if (_limits.Fail(place.Source))
            SshHostLog.WrongKey(_log, place.Source.ToString());
        throw new Refusal(401, "Unauthorized", "The pre-shared key is not the one of this auth daemon.");
    }

    private static async Task<byte[]> ReadBodyAsync(SslStream stream, HttpRequest request, byte[] rest, CancellationToken cancelled)
    {
        if (HttpWire.BodyLength(request) is not { } length)
            throw new Refusal(411, "Length Required", "A request says the length of its body by Content-Length.");
        if (length > HttpWire.MaximumBodyLength)
            throw new Refusal(413, "Content Too Large", $"A request has {HttpWire.MaximumBodyLength} bytes at most.");
        if (rest.Length > length)
            throw new Refusal(400, "Bad Request", "One connection carries one request.");
        byte[] body = new byte[length];
        rest.CopyTo(body, 0);
        await stream.ReadExactlyAsync(body.AsMemory(rest.Length), cancelled).ConfigureAwait(false);
        return body;
    }

    private async Task<byte[]> DispatchAsync(HttpRequest request, byte[] body)
    {
        if (request.Target.Split('/') is not ["", "v1", "hosts", var authority, var number, .. var more]
            || !int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int resource) || more is not ([] or ["accounts"]))
            throw new Refusal(404, "Not Found", "There is nothing here.");
        if (request.Method != (more.Length == 0 ? "PUT" : "POST"))
            throw new Refusal(405, "Method Not Allowed", "A host is PUT, an account is POSTed.");
        if (request.Header("content-type").Split(';')[0] != Json)
            throw new Refusal(415, "Unsupported Media Type", $"A request is {Json}.");
        var speaker = new Speaker(RequestProof.Check(request, body, _certificate) ?? throw new Refusal(403, "Forbidden", "The request does not show which connector it is from."), IsHere: false);
        if (more.Length == 0)
        {
            var row = Read(body, SshHostJson.Default.HostRequest).ToResource(authority, resource);
            var state = await _daemon.ReconcileAsync(speaker, row, _stop.Token).ConfigureAwait(false);
            return JsonSerializer.SerializeToUtf8Bytes(new HostAnswer(state.HostKeys, state.Trusted), SshHostJson.Default.HostAnswer);
        }

        var account = await _daemon.ProvisionAsync(speaker, authority, resource, Read(body, SshHostJson.Default.SshAccountOrder), _stop.Token).ConfigureAwait(false);
        return JsonSerializer.SerializeToUtf8Bytes(account, SshHostJson.Default.SshAccount);
    }

    private static T Read<T>(byte[] body, JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(body, type) ?? throw new JsonException();
        }
        catch (JsonException)
        {
            throw new Refusal(400, "Bad Request", "The body is not what the auth daemon reads: connector and daemon may be of different versions.");
        }
    }

    private Task RefuseAsync(SslStream stream, int status, string title, string detail) =>
        WriteAsync(stream, status, title, "application/problem+json", JsonSerializer.SerializeToUtf8Bytes(new Problem(title, status, detail), SshHostJson.Default.Problem));

    private async Task WriteAsync(SslStream stream, int status, string reason, string type, byte[] body)
    {
        using var patience = Patience(WritePatience);
        await HttpWire.WriteAsync(stream, status, reason, type, body, patience.Token).ConfigureAwait(false);
    }

    private CancellationTokenSource Patience(TimeSpan limit)
    {
        var patience = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        patience.CancelAfter(limit);
        return patience;
    }

    /// <summary>A request that is not done, and what the caller is told.</summary>
    private sealed class Refusal(int status, string title, string detail) : Exception(detail)
    {
        public int Status { get; } = status;

        public string Title { get; } = title;
    }
}
