using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Keyhole.Contracts;
using Keyhole.Cryptography;

namespace Keyhole.SshHost;

/// <summary>
/// The auth daemons of other hosts, over HTTPS. One object serves any number of hosts. A daemon's certificate must show that it knows the pre-shared key before anything is
/// said to it, and it must be the one of the pin where there is one. The connector shows who it is by its own key.
/// </summary>
public sealed class RemoteAuthDaemon : IAuthDaemon
{
    private static readonly TimeSpan ConnectPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly PreSharedKey _preSharedKey;
    private readonly PrivateKey _key;
    private readonly Func<string, CancellationToken, Task<IPAddress[]>> _resolve;

    /// <param name="key">The connector's WireGuard key, which stays the caller's.</param>
    /// <param name="resolve">From the host of an <see cref="SshDaemon"/> to its addresses; empty when there is none.</param>
    /// <exception cref="AuthDaemonException">The pre-shared key is too short, or holds what no such key holds.</exception>
    public RemoteAuthDaemon(string preSharedKey, PrivateKey key, Func<string, CancellationToken, Task<IPAddress[]>> resolve)
    {
        ArgumentNullException.ThrowIfNull(preSharedKey);
        _preSharedKey = new PreSharedKey(preSharedKey, "the connector's settings");
        _key = key;
        _resolve = resolve;
    }

    /// <inheritdoc/>
    public async Task<SshHostState> ReconcileAsync(string organisation, SshRow row, RowVersion version, CancellationToken cancelled)
    {
        ArgumentNullException.ThrowIfNull(row);
        ArgumentNullException.ThrowIfNull(version);
        var body = JsonSerializer.SerializeToUtf8Bytes(HostRequest.From(organisation, row, version), SshHostJson.Default.HostRequest);
        var (answer, pin) = await AskAsync(row, HttpMethod.Put, "", body, SshHostJson.Default.HostAnswer, cancelled).ConfigureAwait(false);
        return new SshHostState(answer.HostKeys, answer.Trusted, pin);
    }

    /// <inheritdoc/>
    public async Task<SshAccount> ProvisionAsync(SshRow row, SshAccountOrder order, CancellationToken cancelled)
    {
        ArgumentNullException.ThrowIfNull(row);
        ArgumentNullException.ThrowIfNull(order);
        var body = JsonSerializer.SerializeToUtf8Bytes(order, SshHostJson.Default.SshAccountOrder);
        return (await AskAsync(row, HttpMethod.Post, "/accounts", body, SshHostJson.Default.SshAccount, cancelled).ConfigureAwait(false)).Answer;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>Makes a socket that is not connected; tests make it in another network namespace.</summary>
    internal Func<AddressFamily, Socket> MakeSocket { get; init; } = family => new Socket(family, SocketType.Stream, ProtocolType.Tcp);

    /// <returns>The answer, and the pin of who gave it.</returns>
    private async Task<(TAnswer Answer, string Pin)> AskAsync<TAnswer>(SshRow row, HttpMethod method, string more, byte[] body, JsonTypeInfo<TAnswer> answerType, CancellationToken cancelled)
    {
        var daemon = row.Daemon ?? throw new AuthDaemonException("The resource's auth daemon is not one on another host.");
        string name = $"{daemon.Host}:{daemon.Port}";
        string? pin = null;
        string? fault = null;
        string target = $"/v1/hosts/{row.Authority}/{row.Resource}{more}";
        using var request = new HttpRequestMessage(method, new UriBuilder("https", "auth-daemon.invalid", daemon.Port, target).Uri)
        {
            Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },
        };
        request.Headers.TryAddWithoutValidation("Authorization", _preSharedKey.Authorization);
        request.Headers.TryAddWithoutValidation(RequestProof.ConnectorHeader, _key.PublicKey.ToString());
        using var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            MaxResponseHeadersLength = HttpWire.MaximumHeadLength / 1024,
            ConnectCallback = async (_, connecting) => new NetworkStream(await ConnectAsync(daemon, connecting).ConfigureAwait(false), ownsSocket: true),
        };
        handler.SslOptions.EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13;
        handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, _, _) =>
        {
            fault = FaultOf(certificate as X509Certificate2, daemon, name, out pin) ?? Sign((X509Certificate2)certificate!);
            return fault is null;
        };
        using var http = new HttpClient(handler) { Timeout = Patience, MaxResponseContentBufferSize = HttpWire.MaximumBodyLength };
        try
        {
            using var response = await http.SendAsync(request, cancelled).ConfigureAwait(false);
            byte[] bytes = await response.Content.ReadAsByteArrayAsync(cancelled).ConfigureAwait(false);
            return response.StatusCode switch
            {
                HttpStatusCode.OK => (JsonSerializer.Deserialize(bytes, answerType) ?? throw new JsonException(), pin!),
                HttpStatusCode.Unauthorized => throw new AuthDaemonException($"The auth daemon at {name} refuses the pre-shared key: give connector and daemon the same one."),
                var status => throw new AuthDaemonException(
                    status switch { HttpStatusCode.Conflict => AuthDaemonFault.Conflict, HttpStatusCode.Forbidden => AuthDaemonFault.Forbidden, _ => AuthDaemonFault.Failed },
                    DetailOf(bytes) ?? $"The auth daemon at {name} answers with status {(int)response.StatusCode}."),
            };
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw new AuthDaemonException(fault ?? $"The auth daemon at {name} cannot be reached from the connector ({ReasonOf(e)}): is it running, and is its port open to the connector?", e);
        }
        catch (OperationCanceledException e) when (!cancelled.IsCancellationRequested)
        {
            throw new AuthDaemonException($"The auth daemon at {name} does not answer.", e);
        }
        catch (JsonException e)
        {
            throw new AuthDaemonException($"The auth daemon at {name} gives an answer of another version.", e);
        }

        // The head is written once TLS has shown whose certificate it is.
        string? Sign(X509Certificate2 certificate)
        {
            if (DaemonCertificate.ExchangeKeyOf(certificate) is not { } exchange
                || RequestProof.Make(_key, exchange, method.Method, target, body, certificate.PublicKey.ExportSubjectPublicKeyInfo()) is not { } proof)
                return $"The auth daemon at {name} is of another version: its certificate holds no key for connectors.";
            request.Headers.TryAddWithoutValidation(RequestProof.ProofHeader, Convert.ToBase64String(proof));
            return null;
        }
    }

    /// <summary>Null when it is the daemon; else one line that says why not.</summary>
    private string? FaultOf(X509Certificate2? certificate, SshDaemon daemon, string name, out string? pin)
    {
        pin = certificate is null ? null : DaemonCertificate.PinOf(certificate);
        if (certificate is null)
            return $"The auth daemon at {name} shows no certificate.";
        // With a pin too: the pin comes from Control, which is not to learn the key by naming a host of its own.
        if (!DaemonCertificate.Proves(certificate, _preSharedKey))
            return $"What answers at {name} does not know the pre-shared key: give connector and daemon the same one. If they have it, something else stands in between.";
        return daemon.Pin is null || daemon.Pin == pin ? null
            : $"What answers at {name} is not the auth daemon that was there before (its key has the pin {pin}). If the host was set up anew, 'keyhole-control ssh forget-host' takes that; else something stands in between.";
    }

    private async Task<Socket> ConnectAsync(SshDaemon daemon, CancellationToken cancelled)
    {
        var addresses = IPAddress.TryParse(daemon.Host, out var address) ? [address] : await _resolve(daemon.Host, cancelled).ConfigureAwait(false);
        SocketException? failure = null;
        foreach (var candidate in addresses)
        {
            var socket = MakeSocket(candidate.AddressFamily);
            socket.NoDelay = true;
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancelled);
            patience.CancelAfter(ConnectPatience);
            try
            {
                await socket.ConnectAsync(candidate, daemon.Port, patience.Token).ConfigureAwait(false);
                return socket;
            }
            catch (Exception e) when (e is SocketException || (e is OperationCanceledException && !cancelled.IsCancellationRequested))
            {
                socket.Dispose();
                failure = e as SocketException ?? new SocketException((int)SocketError.TimedOut);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }

        throw failure ?? new SocketException((int)SocketError.HostNotFound);
    }

    private static string ReasonOf(Exception exception)
    {
        for (Exception? e = exception; e is not null; e = e.InnerException)
        {
            if (e is SocketException { SocketErrorCode: var code })
                return code switch
                {
                    SocketError.ConnectionRefused => "connection refused",
                    SocketError.TimedOut => "no answer",
                    SocketError.HostNotFound => "the name has no address there",
                    _ => e.Message,
                };
        }

        return exception.InnerException?.Message ?? exception.Message;
    }

    private static string? DetailOf(byte[] bytes)
    {
        try
        {
            return JsonSerializer.Deserialize(bytes, SshHostJson.Default.Problem)?.Detail;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
