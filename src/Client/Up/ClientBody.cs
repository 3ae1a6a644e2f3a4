using System.Text.Json.Nodes;
using Keyhole.Agent;
using Keyhole.Contracts;
using Keyhole.Cryptography;
using Keyhole.Edge;
using Keyhole.Net;
using Keyhole.Tunnel;
using Keyhole.WireGuard;
using Microsoft.Extensions.Logging;

namespace Keyhole.Client;

/// <summary>The client in TUN mode as its host sees it: tables in, acknowledgements and status out; packets pass on the data thread.</summary>
internal sealed class ClientBody : IAgentBody
{
    private const int Mtu = 1280;

    private static readonly TimeSpan SurveyInterval = TimeSpan.FromSeconds(30);

    private readonly TunThread _data;
    private readonly TunnelInterface _interface;
    private readonly PrivateKey _key;
    private readonly ILogger _logger;
    private readonly RegistrationLog _registrationLog;
    private readonly SemaphoreSlim _applying = new(1);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _surveying;
    private volatile ClientRoster _roster = ClientRoster.None;
    private volatile bool _isReady;

    private ClientBody(AgentStart start, string name)
    {
        _key = start.Key;
        _logger = start.Loggers.CreateLogger("client");
        _registrationLog = new RegistrationLog(_logger);
        try
        {
            _data = new TunThread(name, Mtu, output => new ClientState(new ClientOptions
            {
                PrivateKey = start.Key,
                RandomSource = RandomSource.System,
                TimestampAtZero = Tai64n.FromUnixMicroseconds(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() * 1000 - MonotonicClock.Now),
                Output = output,
                Slots = output,
                Mtu = Mtu,
            }));
            _interface = new TunnelInterface(_data.Name);
            _interface.SetUp(Mtu);
        }
        catch (NetworkException e)
        {
            throw new AgentException($"{e.Message}. TUN mode needs /dev/net/tun and CAP_NET_ADMIN: run it as root, or use 'keyhole proxy', which needs neither.", e);
        }

        ClientLog.Interface(_logger, _data.Name, Mtu);
        _data.TurnEnded = () => _isReady = _data.State.IsReady(MonotonicClock.Now);
        _data.Start();
        _surveying = SurveyAsync(_stop.Token);
    }

    public Task Completion => _data.Completion;

    public bool IsReady => _isReady;

    /// <exception cref="AgentException">No TUN device is to be had.</exception>
    public static IAgentBody Create(AgentStart start) => new ClientBody(start, UpSettings.InterfaceFrom(start.Values));

    public async ValueTask<Enforcement> ApplyAsync(int agent, Table table)
    {
        var roster = ClientRoster.Compile(table, agent);
        _roster = roster;
        await _data.InvokeAsync(now =>
        {
            _data.State.Apply(roster, now);
            return true;
        });
        await ResolveRelaysAsync(roster, _stop.Token);
        await ConfigureAsync(roster);
        ClientLog.Applied(_logger, roster.Revision, roster.Sites.Count, roster.Routes.Count);
        return new Enforcement(0);
    }

    public async ValueTask<JsonObject> StatusAsync() => await _data.InvokeAsync(now => ClientStatus.Write(_data, _interface.Routes, now));

    public async ValueTask<StatusMessage> ReportAsync() => await _data.InvokeAsync(now => ClientStatus.Report(_data, now));

    public async ValueTask WriteMetricsAsync(PrometheusText text) => await _data.InvokeAsync(now =>
    {
        ClientStatus.WriteMetrics(text, _data);
        return true;
    });

    /// <summary>The machine's programs have no say in when the tunnel goes: it goes at once.</summary>
    public async Task DrainAsync(CancellationToken hurry) => await _data.InvokeAsync(now =>
    {
        _data.State.Goodbye(now);
        return true;
    });

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _surveying;
        await _data.StopAsync();
        _interface.Dispose();
        _data.Dispose();
        _key.Dispose();
        _applying.Dispose();
        _stop.Dispose();
    }

    private async Task ConfigureAsync(ClientRoster roster)
    {
        var outside = (await _data.InvokeAsync(_ => _data.State.Registrations())).Where(relay => relay.Endpoint.HasValue).Select(relay => relay.Endpoint!.Value.Address).ToList();
        await _applying.WaitAsync(_stop.Token);
        try
        {
            if (!ReferenceEquals(roster, _roster))
                return;
            foreach (var prefix in _interface.Apply(roster, outside))
                ClientLog.LeftOut(_logger, prefix.ToString());
        }
        catch (NetworkException e)
        {
            ClientLog.NotConfigured(_logger, e.Message);
        }
        finally
        {
            _applying.Release();
        }
    }

    private async Task SurveyAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        var watch = System.Diagnostics.Stopwatch.StartNew();
        var next = SurveyInterval;
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
            {
                _registrationLog.Compare(await _data.InvokeAsync(_ => _data.State.Registrations()));
                if (watch.Elapsed < next)
                    continue;
                next = watch.Elapsed + SurveyInterval;
                await ResolveRelaysAsync(_roster, stop);
            }
        }
        catch (OperationCanceledException)
        {
            // The program ends.
        }
    }

    private Task ResolveRelaysAsync(ClientRoster roster, CancellationToken stop) => RelayEndpoints.ResolveAsync(
        roster.Relays,
        (relay, endpoints) => _data.InvokeAsync(now =>
        {
            if (ReferenceEquals(roster, _roster))
                _data.State.SetRelayEndpoints(relay.Id, endpoints, now);
            return true;
        }),
        stop);
}
