using System.Text.Json.Nodes;
using Keyhole.Agent;
using Keyhole.Contracts;
using Keyhole.Cryptography;
using Keyhole.Edge;
using Keyhole.Net;
using Keyhole.Packets;
using Keyhole.Tunnel;
using Keyhole.WireGuard;
using Microsoft.Extensions.Logging;

namespace Keyhole.Client;

/// <summary>The client as its host sees it: tables in, acknowledgements and status out; packets pass on the data thread of its mode.</summary>
internal abstract class ClientBody : IAgentBody
{
    private static readonly TimeSpan SurveyInterval = TimeSpan.FromSeconds(1);

    private readonly ClientThread _data;
    private readonly PrivateKey _key;
    private readonly NetworkChange _network;
    private readonly RegistrationLog _registrationLog;
    private readonly CancellationTokenSource _stop = new();
    private readonly Survey _survey;
    private readonly HostLookup _hosts;
    private readonly NetworkWatch _watch;
    private readonly bool _isRelayOnly;
    private PortMapper? _mapper;
    private volatile ClientRoster _roster = ClientRoster.None;
    private volatile ClientView _view = ClientView.None;
    private volatile bool _isReady;

    /// <param name="data">The body's from now on; it is started here.</param>
    /// <param name="tunnel">The interface that leads into the tunnel; null for none.</param>
    protected ClientBody(AgentStart start, ClientThread data, string? tunnel = null)
    {
        _data = data;
        _key = start.Key;
        _network = start.Network;
        Logger = LoggerOf(start);
        _registrationLog = new RegistrationLog(Logger);
        _data.TurnEnded = () => _isReady = _data.State.IsReady(MonotonicClock.Now);
        _data.Start();
        _survey = new Survey(SurveyInterval, Logger, LookAsync);
        _hosts = new HostLookup(FollowHostsAsync);
        _isRelayOnly = start.Values.IsOn(UpSettings.RelayOnly);
        _watch = new NetworkWatch(tunnel, FollowNetworkAsync);
    }

    public Task Completion => _data.Completion;

    public bool IsReady => _isReady;

    protected ILogger Logger { get; }

    /// <summary>Cancelled when the program ends.</summary>
    protected CancellationToken Stop => _stop.Token;

    public async ValueTask<Enforcement> ApplyAsync(int agent, Table table)
    {
        var roster = ClientRoster.Compile(table, agent);
        _roster = roster;
        _view = new ClientView(table, agent, roster);
        var enforce = Prepare(agent, table, roster);
        _hosts.Follow(HostsOf(roster));
        int cut = await _data.InvokeAsync(now =>
        {
            _data.State.Apply(roster, now);
            SetRelayEndpoints(roster, now);
            return enforce();
        });
        await FollowAsync(roster);
        ClientLog.Applied(Logger, roster.Revision, roster.Sites.Count, roster.Routes.Count);
        return new Enforcement(cut);
    }

    public async ValueTask<JsonObject> StatusAsync() => await _data.InvokeAsync(now =>
    {
        var status = ClientStatus.Write(_data, now);
        status["networkWatchFaults"] = _watch.FaultCount;
        status["surveyFaults"] = _survey.FaultCount + _hosts.FaultCount;
        Describe(status);
        return status;
    });

    public async ValueTask<JsonObject?> AnswerAsync(string request, string argument)
    {
        switch (request)
        {
            case ListCommand.Request:
                return _view.List((await StatusAsync())["sites"]!.AsArray());
            case ExplainCommand.Request:
                return Explanation.Of(_view, argument, await StatusAsync());
            default:
                return null;
        }
    }

    public async ValueTask<StatusMessage> ReportAsync() => await _data.InvokeAsync(now => ClientStatus.Report(_data, now));

    public async ValueTask WriteMetricsAsync(PrometheusText text) => await _data.InvokeAsync(now =>
    {
        ClientStatus.WriteMetrics(text, _data, now);
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
        await _survey.DisposeAsync();
        await _hosts.DisposeAsync();
        await WithdrawAsync();
        await _watch.DisposeAsync();
        if (_mapper is not null)
            await _mapper.DisposeAsync();
        await _data.StopAsync();
        Close();
        _data.Dispose();
        _key.Dispose();
        _stop.Dispose();
        GC.SuppressFinalize(this);
    }

    protected static ILogger LoggerOf(AgentStart start) => start.Loggers.CreateLogger("client");

    /// <summary>The sessions that the data thread is made with.</summary>
    protected static Func<DatagramOut, ClientState> StateFor(AgentStart start) => output => new ClientState(new ClientOptions
    {
        PrivateKey = start.Key,
        RandomSource = RandomSource.System,
        TimestampAtZero = Tai64n.FromUnixMicroseconds(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() * 1000 - MonotonicClock.Now),
        Output = output,
        Slots = output,
        Streams = output,
        DirectPaths = !start.Values.IsOn(UpSettings.RelayOnly),
        LargestMtu = output.CanProbe ? InnerMtu.Largest : InnerMtu.Smallest,
    });

    /// <summary>The addresses of <see cref="HostsOf"/>, as far as they are known.</summary>
    protected HostLookup Hosts => _hosts;

    /// <summary>Whose addresses the mode needs to know.</summary>
    protected virtual IEnumerable<string> HostsOf(ClientRoster roster) => RelayEndpoints.NamesOf(roster.Relays);

    /// <summary>One of <see cref="Hosts"/> has other addresses than before: called before the sessions go there.</summary>
    protected virtual void FollowHosts()
    {
    }

    /// <summary>The mode's own part of a new table.</summary>
    /// <returns>What is done on the data thread when the sessions follow the table; it returns how many flows lost their grant and were ended.</returns>
    protected virtual Func<int> Prepare(int agent, Table table, ClientRoster roster) => static () => 0;

    /// <summary>The sessions follow the roster: the machine's own settings follow, too.</summary>
    protected virtual Task FollowAsync(ClientRoster roster) => Task.CompletedTask;

    /// <summary>Called every second.</summary>
    protected virtual Task SurveyAsync(CancellationToken stop) => Task.CompletedTask;

    /// <summary>What the machine's programs were told is taken back while packets still flow.</summary>
    protected virtual Task WithdrawAsync() => Task.CompletedTask;

    /// <summary>The mode's own part of the status, on the data thread.</summary>
    protected abstract void Describe(JsonObject status);

    /// <summary>The data thread has ended: what the mode set up on this machine goes.</summary>
    protected abstract void Close();

    private async Task FollowNetworkAsync(IReadOnlyList<LocalAddress> addresses)
    {
        ClientLog.Network(Logger, addresses.Count);
        _hosts.Restart();
        _network.Tell();
        if (_isRelayOnly)
            return;
        if (_mapper is { } mapper)
            mapper.Restart();
        else
            _mapper = new PortMapper(_data.Socket.Local.Port, SetMappedAsync);
        await _data.InvokeAsync(now =>
        {
            _data.State.SetLocalAddresses(addresses, _data.Socket.Local.Port, now);
            return true;
        });
    }

    private async ValueTask SetMappedAsync(IpEndpoint? endpoint) => await _data.InvokeAsync(now =>
    {
        _data.State.SetMappedAddresses(endpoint is { } mapped ? [mapped] : [], now);
        return true;
    });

    private async Task LookAsync(CancellationToken stop)
    {
        _registrationLog.Compare(await _data.InvokeAsync(_ => _data.State.Registrations()));
        await SurveyAsync(stop);
    }

    private async Task FollowHostsAsync()
    {
        FollowHosts();
        await _data.InvokeAsync(now =>
        {
            SetRelayEndpoints(_roster, now);
            return true;
        });
    }

    private void SetRelayEndpoints(ClientRoster roster, long now)
    {
        foreach (var (relay, endpoints) in RelayEndpoints.Named(roster.Relays, _hosts))
            _data.State.SetRelayEndpoints(relay, endpoints, now);
    }
}
