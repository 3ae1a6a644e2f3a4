using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Keyhole.Agent;
using Keyhole.Net;
using Keyhole.Packets;
using Keyhole.Tunnel;
using Microsoft.Extensions.Logging;

namespace Keyhole.Relay;

/// <summary>
/// TCP for networks that block UDP (docs/protocol.md, rule 26): connections that offer the protocol "keyhole" carry datagrams, all others are handed to the
/// fallback. A connection is an address to the rest of the relay, and proves nothing by being TLS.
/// </summary>
internal sealed class TlsListener : IAsyncDisposable
{
    private const int Backlog = 512;

    private static readonly TimeSpan SurveyInterval = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan BindInterval = TimeSpan.FromSeconds(10);

    /// <summary>In surveys.</summary>
    private const int RenewalInterval = 20;

    private readonly IPEndPoint _listen;
    private readonly ForwardingTable _forwarding;
    private readonly ILogger _logger;
    private readonly ConcurrentDictionary<TlsConnection, Task> _connections = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;
    private readonly Task _surveying;
    private RelayCertificate _certificate;
    private SslServerAuthenticationOptions _options;
    private string? _renewalProblem;

    public TlsListener(IPEndPoint listen, EndPoint? fallback, RelayCertificate certificate, RelayLoop loop, RelayState state, ILogger logger)
    {
        _listen = listen;
        _certificate = certificate;
        _forwarding = state.Forwarding;
        _logger = logger;
        Fallback = fallback;
        Streams = loop.Streams;
        Router = loop.OpenStreamRouter(state);
        _options = OptionsFor(certificate);
        _accepting = AcceptAsync();
        _surveying = SurveyAsync();
    }

    /// <summary>The protocol's name in ALPN.</summary>
    public static ReadOnlySpan<byte> Protocol => "keyhole"u8;

    /// <summary>Where it listens now; null while the system refuses.</summary>
    public IPEndPoint? Local { get; private set; }

    public EndPoint? Fallback { get; }

    public TlsCounters Counters { get; } = new();

    public ConnectionLimits Limits { get; } = new();

    public StreamTable Streams { get; }

    public StreamRouter Router { get; }

    public SslServerAuthenticationOptions TlsOptions => Volatile.Read(ref _options);

    /// <summary>Whether an agent has confirmed this address and has not moved on.</summary>
    public bool IsAddressOfAgent(in IpEndpoint address) => _forwarding.TryFindAgent(address, out _);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _accepting;
        await _surveying;
        foreach (var connection in _connections.Keys)
            connection.End();
        await Task.WhenAll(_connections.Values);
        Router.Dispose();
        _certificate.Dispose();
        _stop.Dispose();
    }

    /// <summary>Shows the operator's certificate as its files are now to whoever connects from now on; one that cannot be used leaves the last in place.</summary>
    internal void Renew()
    {
        try
        {
            if (_certificate.Renewed() is not { } renewed)
                return;

            // The last one goes with the handshakes that still show it.
            _certificate = renewed;
            Volatile.Write(ref _options, OptionsFor(renewed));
            _renewalProblem = null;
            RelayLog.CertificateRenewed(_logger, renewed.Context.TargetCertificate.NotAfter.ToUniversalTime());
        }
        catch (AgentException e)
        {
            if (_renewalProblem != e.Message)
                RelayLog.CertificateKept(_logger, e.Message);
            _renewalProblem = e.Message;
        }
    }

    private static SslServerAuthenticationOptions OptionsFor(RelayCertificate certificate) => new()
    {
        ServerCertificateContext = certificate.Context,
        ApplicationProtocols = [new SslApplicationProtocol(Protocol.ToArray())],
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        AllowRenegotiation = false,
    };

    private async Task AcceptAsync()
    {
        try
        {
            using var socket = await BindAsync();
            while (true)
            {
                Socket accepted;
                try
                {
                    accepted = await socket.AcceptAsync(_stop.Token);
                }
                catch (SocketException)
                {
                    // The caller was gone already, or there is no file handle for it: the next one may have more luck.
                    await Task.Delay(10, _stop.Token);
                    continue;
                }

                Counters.Add(TlsEvent.Accepted);
                Begin(accepted);
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    /// <summary>Port 443 may be another program's for a moment, or not ours to take: UDP goes on meanwhile.</summary>
    private async Task<Socket> BindAsync()
    {
        for (bool isFirst = true; ; isFirst = false)
        {
            var socket = new Socket(_listen.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                if (_listen.AddressFamily == AddressFamily.InterNetworkV6)
                    socket.DualMode = _listen.Address.Equals(IPAddress.IPv6Any);
                socket.Bind(_listen);
                socket.Listen(Backlog);
                Local = (IPEndPoint)socket.LocalEndPoint!;
                RelayLog.TlsListening(_logger, Local.ToString(), _certificate.Pin ?? "by authorities");
                return socket;
            }
            catch (SocketException e)
            {
                socket.Dispose();
                if (isFirst)
                    RelayLog.NoTls(_logger, _listen.ToString(), e.Message);
            }

            await Task.Delay(BindInterval, _stop.Token);
        }
    }

    private void Begin(Socket socket)
    {
        var source = socket.RemoteEndPoint is IPEndPoint remote ? ConnectionLimits.SourceOf(remote.Address) : default;
        if (!Limits.TryEnter(source))
        {
            Counters.Add(TlsEvent.Refused);
            socket.Dispose();
            return;
        }

        var connection = new TlsConnection(socket, source, this);
        _connections[connection] = Task.CompletedTask;
        var running = RunAsync(connection);
        _connections.TryUpdate(connection, running, Task.CompletedTask);
    }

    private async Task RunAsync(TlsConnection connection)
    {
        try
        {
            await connection.RunAsync();
        }
        finally
        {
            _connections.TryRemove(connection, out _);
            connection.Dispose();
        }
    }

    private async Task SurveyAsync()
    {
        using var timer = new PeriodicTimer(SurveyInterval);
        try
        {
            for (int survey = 1; await timer.WaitForNextTickAsync(_stop.Token); survey++)
            {
                if (survey % RenewalInterval == 0)
                    Renew();
                long now = MonotonicClock.Now;
                Limits.Sweep(now);
                foreach (var (connection, _) in _connections)
                    connection.Survey(now);
            }
        }
        catch (OperationCanceledException)
        {
        }
    }
}
