using System.Text.Json.Nodes;
using Keyhole.Agent;
using Keyhole.Contracts;
using Keyhole.Cryptography;
using Keyhole.Edge;
using Keyhole.Net;
using Keyhole.NetStack;
using Keyhole.Tunnel;
using Keyhole.WireGuard;
using Microsoft.Extensions.Logging;

namespace Keyhole.Connector;

/// <summary>The connector as its host sees it: tables in, acknowledgements and status out; everything else happens on the data thread.</summary>
internal sealed class ConnectorBody : IAgentBody
{
    private const long Second = 1_000_000;

    private static readonly Setting RekeyAfter = new("--wireguard-rekey-after", "SECONDS", "For the lab: renew WireGuard keys after this time instead of 120 seconds.");
    private static readonly Setting DrainTimeout = new("--drain-timeout", "SECONDS", "How long connections may go on after the first SIGTERM.") { Default = "30" };
    private static readonly Setting RelayOnly = new("--relay-only", "", "Keep all data on relays: take no direct paths to clients.") { IsSwitch = true };
    private static readonly TimeSpan LogInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan SurveyInterval = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan DrainPoll = TimeSpan.FromMilliseconds(100);

    private readonly DataPath _data;
    private readonly SiteDaemons _daemons;
    private readonly SshSites _ssh;
    private readonly PrivateKey _key;
    private readonly ILogger _logger;
    private readonly TimeSpan _drainTimeout;
    private readonly Survey _logging;
    private readonly Survey _survey;
    private readonly HostLookup _hosts;
    private readonly NetworkWatch _watch;
    private readonly bool _isRelayOnly;
    private readonly RegistrationLog _registrationLog;
    private readonly NetworkChange _network;
    private volatile ConnectorRoster _roster = ConnectorRoster.None;
    private volatile DaemonEndpoints _daemonEndpoints = DaemonEndpoints.None;
    private volatile bool _isReady;

    private ConnectorBody(AgentStart start)
    {
        _key = start.Key;
        _network = start.Network;
        _logger = start.Loggers.CreateLogger("connector");
        _drainTimeout = TimeSpan.FromSeconds(start.Values.Number(DrainTimeout, 0, 86_400) ?? 30);
        var schedule = ScheduleFor(start.Values.Number(RekeyAfter, 5, 120));
        _daemons = SshSettings.Open(start.Values, start.Key, start.Loggers);
        var sshLog = start.Loggers.CreateLogger("ssh");
        _ssh = new SshSites(new SshSitesOptions(_daemons.ChooseAsync, TimeProvider.System, Random.Shared.NextDouble, sshLog) { Met = new MetHosts(Path.Combine(start.Data.FullPath, "ssh-hosts.json"), sshLog) });
        try
        {
            _data = new DataPath(
                output => new ConnectorState(new ConnectorOptions
                {
                    PrivateKey = start.Key,
                    RandomSource = RandomSource.System,
                    TimestampAtZero = Tai64n.FromUnixMicroseconds(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() * 1000 - MonotonicClock.Now),
                    Output = output,
                    Slots = output,
                    Streams = output,
                    Schedule = schedule,
                    DirectPaths = !start.Values.IsOn(RelayOnly),
                    LargestMtu = output.CanProbe ? InnerMtu.Largest : InnerMtu.Smallest,
                }),
                (loop, state) => new SiteFlows(loop, state, FlowOptions()));
        }
        catch (NetworkException e)
        {
            throw new AgentException(e.Message, e);
        }

        if (_data.Socket.Capabilities.Warning is { } warning)
            ConnectorLog.SocketWarning(_logger, warning);
        _registrationLog = new RegistrationLog(_logger);
        _data.TurnEnded = () => _isReady = _data.State.IsRegistered;
        _data.Start();
        _logging = new Survey(LogInterval, _logger, async _ => _registrationLog.Compare(await _data.InvokeAsync(_ => _data.State.Registrations())));
        _survey = new Survey(SurveyInterval, _logger, SurveyAsync);
        _hosts = new HostLookup(FollowHostsAsync);
        _isRelayOnly = start.Values.IsOn(RelayOnly);
        _watch = new NetworkWatch(null, FollowNetworkAsync);
    }

    public static AgentDefinition Definition { get; } = new(
        "keyhole-connector",
        AgentKind.Connector,
        "Opens authorised flows of a Keyhole network to targets of the network that it runs in.",
        [RelayOnly, RekeyAfter, DrainTimeout, .. SshSettings.All],
        start => new ConnectorBody(start)) { Time = MonotonicClock.Provider };

    public Task Completion => _data.Completion;

    public bool IsReady => _isReady;

    public ISshHosts Ssh => _ssh;

    public async ValueTask<Enforcement> ApplyAsync(int agent, Table table)
    {
        var roster = ConnectorRoster.Compile(table, agent);
        var rules = AccessRules.Compile(table);
        _roster = roster;
        var daemons = new DaemonEndpoints(table);
        _daemonEndpoints = daemons;
        _hosts.Follow([.. RelayEndpoints.NamesOf(roster.Relays), .. daemons.Hosts]);
        int cut = await _data.InvokeAsync(now =>
        {
            _data.State.Apply(roster, now);
            SetRelayEndpoints(roster, now);
            _data.Site.SetDaemons(daemons.Known(_hosts));
            return _data.Site.Apply(rules, now);
        });
        ConnectorLog.Enforced(_logger, table.Revision, DateTimeOffset.UtcNow, roster.Relays.Count, rules.ClientCount, cut);
        // Accounts follow the flows, and are not waited for: a host may be away.
        _ssh.Apply(table);
        return new Enforcement(cut);
    }

    public async ValueTask<JsonObject> StatusAsync()
    {
        var status = await _data.InvokeAsync(now => ConnectorStatus.Write(_data, now));
        status["networkWatchFaults"] = _watch.FaultCount;
        status["surveyFaults"] = _logging.FaultCount + _survey.FaultCount + _hosts.FaultCount;
        status["sshHosts"] = _ssh.Describe();
        return status;
    }

    public async ValueTask<StatusMessage> ReportAsync() => await _data.InvokeAsync(now => ConnectorStatus.Report(_data, now));

    public async ValueTask WriteMetricsAsync(PrometheusText text)
    {
        await _data.InvokeAsync(now =>
        {
            ConnectorMetrics.Write(text, _data, now);
            return true;
        });
        _ssh.WriteMetrics(text);
    }

    public async Task DrainAsync(CancellationToken hurry)
    {
        await _data.InvokeAsync(now =>
        {
            _data.State.Drain(now);
            _data.Site.BeginDrain();
            return true;
        });
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(hurry);
        patience.CancelAfter(_drainTimeout);
        while (!patience.IsCancellationRequested && await _data.InvokeAsync(_ => _data.Site.Counts.TcpOpen) > 0)
            await Task.Delay(DrainPoll, patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        int left = await _data.InvokeAsync(now =>
        {
            int open = _data.Site.Counts.TcpOpen + _data.Site.Counts.UdpOpen + _data.Site.Counts.EchoOpen;
            _data.Site.Apply(AccessRules.None, now);
            _data.State.Goodbye(now);
            return open;
        });
        ConnectorLog.Drained(_logger, left);
    }

    public async ValueTask DisposeAsync()
    {
        await _logging.DisposeAsync();
        await _survey.DisposeAsync();
        await _hosts.DisposeAsync();
        await _ssh.DisposeAsync();
        await _daemons.DisposeAsync();
        await _watch.DisposeAsync();
        await _data.StopAsync();
        _data.Dispose();
        _key.Dispose();
    }

    private Task FollowNetworkAsync(IReadOnlyList<LocalAddress> addresses)
    {
        _network.Tell();
        _hosts.Restart();
        return _isRelayOnly ? Task.CompletedTask : _data.InvokeAsync(now =>
        {
            _data.State.SetLocalAddresses(addresses, _data.Socket.Local.Port, now);
            return true;
        });
    }

    /// <summary>Shorter keys, with the other limits in the proportions of the paper.</summary>
    private static TimerSchedule ScheduleFor(int? rekeyAfter)
    {
        var schedule = ConnectorOptions.DefaultSchedule;
        if (rekeyAfter is not { } seconds)
            return schedule;
        long unit = seconds * Second / 120;
        return schedule with
        {
            RekeyAfterTime = 120 * unit,
            RejectAfterTime = 180 * unit,
            UnansweredTimeout = Math.Min(schedule.UnansweredTimeout, 60 * unit),
            KeepaliveTimeout = Math.Min(schedule.KeepaliveTimeout, 40 * unit),
        };
    }

    private static SiteFlowsOptions FlowOptions()
    {
        byte[] secret = new byte[48];
        RandomSource.System.Fill(secret);
        long budget = Math.Min(256L << 20, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4);
        var limits = new DatagramLimits { HashKey = BitConverter.ToUInt64(secret, 32), Mtu = InnerMtu.Largest };
        return new SiteFlowsOptions
        {
            // Each SYN is a dial: 5,000 in a second cost a quarter of a core, and what waits for targets is bounded per client.
            Tcp = new StackOptions
            {
                Secret = secret.AsMemory(0, 32),
                Mtu = InnerMtu.Largest,
                BufferBudget = budget,
                BufferBudgetPerPeer = budget / 4,
                SynRate = 5_000,
                SynBurst = 1_000,
            },
            Udp = limits,
            Echo = limits with { HashKey = BitConverter.ToUInt64(secret, 40) },
        };
    }

    /// <summary>The host's own addresses change without telling anybody: they are asked for again and again.</summary>
    private async Task SurveyAsync(CancellationToken stop)
    {
        var rules = HostAddresses.Read();
        await _data.InvokeAsync(_ =>
        {
            _data.Site.SetTargetRules(rules);
            return true;
        });
    }

    private Task<bool> FollowHostsAsync() => _data.InvokeAsync(now =>
    {
        SetRelayEndpoints(_roster, now);
        _data.Site.SetDaemons(_daemonEndpoints.Known(_hosts));
        return true;
    });

    private void SetRelayEndpoints(ConnectorRoster roster, long now)
    {
        foreach (var (relay, endpoints) in RelayEndpoints.Named(roster.Relays, _hosts))
            _data.State.SetRelayEndpoints(relay, endpoints, now);
    }
}
