using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Keyhole.Control;

/// <summary>
/// The running server: two web applications in one process that share the network but no route. One listens on TCP for
/// agents, one on a Unix socket for the operator's commands.
/// </summary>
internal sealed class ControlServer : IAsyncDisposable
{
    private const UnixFileMode SocketMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const long MaximumPublicBody = 64 * 1024;
    private const long MaximumOperatorBody = 8L * DescriptionReader.MaximumLength;
    private static readonly TimeSpan KeepAliveInterval = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan KeepAliveTimeout = TimeSpan.FromSeconds(15);

    private readonly DataDirectory _directory;
    private readonly FileStream _lock;
    private readonly NetworkStore _store;
    private readonly Networks _networks;
    private readonly LoginServices _login;
    private readonly WebApplication _public;
    private readonly WebApplication _operator;
    private readonly ILogger _log;
    private volatile bool _ready;

    private ControlServer(ServeOptions options, TimeProvider time, Action<ILoggingBuilder> logging, ILoginSessions? sessions, DataDirectory directory, FileStream held)
    {
        _directory = directory;
        _lock = held;
        var tls = options.Tls is var (certificate, key) ? new TlsCertificate(certificate, key, time) : null;
        _store = NetworkStore.Open(directory, time, options.Database);
        var publicBuilder = Builder(logging, kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = MaximumPublicBody;
            kestrel.Listen(options.Listen, listen => Listen(listen, tls));
        });
        ApiPipeline.AddServices(publicBuilder.Services);
        _public = publicBuilder.Build();
        var loggers = _public.Services.GetRequiredService<ILoggerFactory>();
        _log = loggers.CreateLogger<ControlServer>();
        _networks = new Networks(_store, time, loggers);
        _login = new LoginServices(_store, _networks, time, new LoginAddress(options.PublicUrl), PasswordParameters.Default, loggers);
        tls?.Log = _log;
        ForwardedHeaders.Use(_public, options.TrustedProxies, options.PublicUrl);
        SecurityHeaders.Use(_public, options.IsHttps);
        _public.UseWebSockets(new WebSocketOptions { KeepAliveInterval = KeepAliveInterval, KeepAliveTimeout = KeepAliveTimeout });
        var failures = new FailureLimiter(time);
        ApiPipeline.Use(_public, _networks, sessions ?? _login.Sessions, failures, time);
        PublicRoutes.Map(_public, new AgentEndpoint(_networks, new FailureLimiter(time), loggers.CreateLogger<AgentEndpoint>()), () => _ready);
        var api = _public.MapGroup("/api/v1");
        ApiEndpoints.Map(api, _networks, failures, options.PublicUrl, time);
        LoginEndpoints.Map(_public, api, _login);
        if (sessions is null)
            _login.Start();

        _operator = Builder(logging, kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = MaximumOperatorBody;
            kestrel.ListenUnixSocket(directory.Socket, listen => listen.Protocols = HttpProtocols.Http1);
        }).Build();
        MaintenanceRoutes.Map(_operator, new Maintenance(_networks, directory, time), _log);
        OperatorRoutes.Map(_operator, new OperatorService(_networks, time), _log);
        SshOperatorRoutes.Map(_operator, _networks, _log);
        RescueRoutes.Map(_operator, new RescueService(_login, () => (options.PublicUrl ?? Address).GetLeftPart(UriPartial.Authority)), _log);
    }

    /// <summary>Where agents dial in, with the port that was taken.</summary>
    public Uri Address { get; private set; } = new(ServeOptions.DefaultListen);

    public Networks Networks => _networks;

    public LoginServices Login => _login;

    public IServiceProvider PublicServices => _public.Services;

    /// <exception cref="OperatorException">The data directory, the database or the address cannot be used.</exception>
    public static async Task<ControlServer> StartAsync(ServeOptions options, TimeProvider time, Action<ILoggingBuilder> logging, ILoginSessions? sessions = null)
    {
        var directory = DataDirectory.Create(options.Data);
        var held = directory.Hold();
        ControlServer? server = null;
        try
        {
            server = new ControlServer(options, time, logging, sessions, directory, held);
            await server.ListenAsync(options);
            return server;
        }
        catch
        {
            if (server is not null)
                await server.DisposeAsync();
            else
                await held.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_ready)
            _log.Stopping();
        _ready = false;
        await _networks.DisposeAsync();
        await _public.StopAsync();
        await _operator.StopAsync();
        await _public.DisposeAsync();
        await _operator.DisposeAsync();
        _login.Dispose();
        File.Delete(_directory.Socket);
        _store.Dispose();
        await _lock.DisposeAsync();
    }

    private async Task ListenAsync(ServeOptions options)
    {
        // Whoever held the lock before is gone: its socket file is a remainder.
        File.Delete(_directory.Socket);
        try
        {
            await _public.StartAsync();
            await _operator.StartAsync();
        }
        catch (IOException error) when (error.InnerException is SocketException or Microsoft.AspNetCore.Connections.AddressInUseException)
        {
            throw new OperatorException($"{options.Listen} cannot be used: {error.InnerException.Message}; is another server running there? choose another --listen");
        }
        catch (SocketException error)
        {
            throw new OperatorException($"{options.Listen} cannot be used: {error.Message}; choose another --listen");
        }

        // The directory keeps others out in the moment before this.
        File.SetUnixFileMode(_directory.Socket, SocketMode);
        Address = new Uri(_public.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        _ready = true;
        _log.Serving(_directory.Path, Address.GetLeftPart(UriPartial.Authority), _store.Database.Engine, _networks.All.Count);
        if (!IPAddress.IsLoopback(options.Listen.Address) && options.Tls is null)
            _log.PlainHttp(Address.GetLeftPart(UriPartial.Authority));
        if (_login.Setup.Prepare(_directory.SetupToken))
            _login.Log.SetupWaits($"{(options.PublicUrl ?? Address).GetLeftPart(UriPartial.Authority)}/setup", _directory.SetupToken);
    }

    private static void Listen(ListenOptions listen, TlsCertificate? tls)
    {
        listen.Protocols = HttpProtocols.Http1;
        if (tls is null)
            return;
        listen.UseHttps(new TlsHandshakeCallbackOptions
        {
            OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions
            {
                ServerCertificateContext = tls.Current,
                EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            }),
        });
    }

    /// <summary>An application that listens where it is told to, and nowhere else.</summary>
    public static WebApplicationBuilder Builder(Action<ILoggingBuilder> logging, Action<KestrelServerOptions> kestrel)
    {
        // The slim builder reads no configuration files and no environment of its own that could open another port.
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ApplicationName = typeof(ControlServer).Assembly.GetName().Name, ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.Sources.Clear();
        builder.Logging.ClearProviders();
        logging(builder.Logging);
        builder.WebHost.ConfigureKestrel(server =>
        {
            server.AddServerHeader = false;
            server.Limits.MaxRequestHeadersTotalSize = 16 * 1024;
            server.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
            server.Limits.MaxConcurrentConnections = 20_000;
            kestrel(server);
        });
        builder.Services.AddSingleton<IHostLifetime, SilentLifetime>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(5));
        return builder;
    }
}
