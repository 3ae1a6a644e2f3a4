using System.Text.Json.Nodes;
using Keyhole.Agent;
using Keyhole.Contracts;
using Keyhole.Cryptography;
using Keyhole.Net;
using Keyhole.Tunnel;
using Keyhole.WireGuard;
using Microsoft.Extensions.Logging;

namespace Keyhole.Relay;

/// <summary>The relay's data path as its host sees it.</summary>
internal sealed class RelayBody : IAgentBody
{
    public const int MaximumAgents = 131_072;
    public const int MaximumFlows = 65_536;

    /// <summary>Two for each session that is forwarded blindly. Memory and the journal's file are used as they come.</summary>
    public const int MaximumEntries = 2_000_000;

    /// <summary>WireGuard's own age of a session that gets new keys, in seconds.</summary>
    private const int PaperRekeyAfter = 120;

    private readonly RelayLoop _loop;
    private readonly RelayState _state;
    private readonly JournalFile _journal;
    private readonly PrivateKey _key;
    private readonly ILogger _logger;
    private readonly Task _logging;
    private readonly NameForwarding _names;
    private readonly SessionReports _reports = new();
    private readonly Lock _applying = new();
    private volatile bool _hasTable;

    private TlsListener? _tls;

    private RelayBody(RelayLoop loop, RelayState state, JournalFile journal, PrivateKey key, ILogger logger)
    {
        _loop = loop;
        _state = state;
        _journal = journal;
        _key = key;
        _logger = logger;
        _logging = LogEventsAsync();
        _names = new NameForwarding(loop);
    }

    public Task Completion => _loop.Ended;

    public bool IsReady => _hasTable && !_loop.Ended.IsCompleted;

    /// <summary>Where it listens.</summary>
    public Packets.IpEndpoint Local => _loop.Local;

    /// <exception cref="AgentException">The port is in use, or the journal cannot be used.</exception>
    public static RelayBody Create(AgentStart start)
    {
        var listen = RelaySettings.ListenFrom(start.Values);
        int rekeyAfter = start.Values.Number(RelaySettings.RekeyAfter, 1, PaperRekeyAfter) ?? PaperRekeyAfter;
        var logger = start.Loggers.CreateLogger("relay");
        RelayLoop loop;
        try
        {
            loop = new RelayLoop(new DatagramSocketOptions { Local = listen, SpinMicroseconds = RelaySettings.SpinFrom(start.Values) }, RelaySettings.ThreadsFrom(start.Values));
        }
        catch (NetworkException e)
        {
            throw new AgentException($"--listen {listen}: {e.Message}", e);
        }

        string path = Path.Combine(start.Data.FullPath, "relay.journal");
        var journal = JournalFile.Open(path, MaximumAgents, MaximumFlows, MaximumEntries / 2, start.Key.PublicKey, BootId.Read());
        var state = new RelayState(new RelayStateOptions
        {
            PrivateKey = start.Key,
            RandomSource = RandomSource.System,
            Output = loop.Output,
            TimestampAtZero = Tai64n.FromUnixMicroseconds(UnixAtZero()),
            Journal = journal,
            MaximumAgents = MaximumAgents,
            MaximumFlows = MaximumFlows,
            MaximumEntries = MaximumEntries,
            AgentSchedule = Shorten(TimerSchedule.Keyhole, rekeyAfter),
            StockSchedule = Shorten(TimerSchedule.Paper, rekeyAfter),
        });
        var body = new RelayBody(loop, state, journal, start.Key, logger);
        var capabilities = loop.Capabilities;
        RelayLog.Listening(logger, loop.Local.ToString(), loop.Threads.Count, capabilities.Backend.ToString(), capabilities.ReceiveOffload, capabilities.SendOffload);
        if (capabilities.Warning is { } warning)
            RelayLog.Capability(logger, warning);
        loop.Start(state);
        body.OpenTls(start);
        return body;
    }

    public TlsOffer? Tls { get; private set; }

    public ValueTask<Enforcement> ApplyAsync(int agent, Table table)
    {
        RelayApplied applied;
        int agents;
        _names.Take(table.Relays.FirstOrDefault(row => row.Id == agent)?.Names);
        lock (_applying)
            (applied, agents) = Apply(agent, table);
        _hasTable = true;
        RelayLog.Applied(_logger, applied.Revision, agents, applied.Added, applied.Removed, applied.FlowsCut);
        if (applied.Refused > 0)
            RelayLog.Refused(_logger, applied.Revision, applied.Refused, MaximumAgents);
        return ValueTask.FromResult(new Enforcement(applied.FlowsCut));
    }

    private void OpenTls(AgentStart start)
    {
        if (RelaySettings.TlsListenFrom(start.Values) is not { } listen)
            return;
        var certificate = RelaySettings.CertificateFrom(start.Values, start.Data);
        _tls = new TlsListener(listen, RelaySettings.TlsFallbackFrom(start.Values), certificate, _loop, _state, _logger);
        Tls = new TlsOffer(listen.Port, certificate.Pin);
    }

    /// <summary>Compared here; put in force in slices, so that nobody waits long for the state.</summary>
    private (RelayApplied Applied, int AgentCount) Apply(int agent, Table table)
    {
        var prepared = _state.Prepare(agent, table);
        _loop.Ask(state =>
        {
            state.BeginApply(prepared, MonotonicClock.Now);
            return true;
        });
        while (true)
        {
            var (isDone, applied, agents) = _loop.Ask(state => (state.ContinueApply(MonotonicClock.Now, out var applied), applied, state.AgentCount));
            if (isDone)
                return (applied, agents);
        }
    }

    public ValueTask<JsonObject> StatusAsync() => ValueTask.FromResult(RelayStatus.Describe(Snapshot(), _loop.Local));

    public ValueTask<StatusMessage> ReportAsync() => ValueTask.FromResult(_reports.Make(Snapshot(), UnixAtZero()));

    public ValueTask WriteMetricsAsync(PrometheusText text)
    {
        RelayMetrics.Write(text, Snapshot());
        return ValueTask.CompletedTask;
    }

    private RelaySnapshot Snapshot() => _loop.Ask(state => RelaySnapshot.Take(state, MonotonicClock.Now)) with
    {
        Threads = [.. _loop.Threads.Select(ThreadSnapshot.Take)],
        Tls = _tls is null ? null : TlsSnapshot.Take(_tls),
    };

    /// <summary>Nothing runs that could be finished: sessions and flows wait in the journal for the next start.</summary>
    public Task DrainAsync(CancellationToken hurry) => Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_tls is not null)
            await _tls.DisposeAsync();
        _loop.Dispose();
        await _names.DisposeAsync();
        await _logging.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _state.Dispose();
        _journal.Dispose();
        _key.Dispose();
    }

    /// <summary>Unix microseconds at the zero of the monotonic clock.</summary>
    private static long UnixAtZero() => (DateTimeOffset.UtcNow - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond - MonotonicClock.Now;

    private static TimerSchedule Shorten(TimerSchedule schedule, int rekeyAfter) => rekeyAfter == PaperRekeyAfter
        ? schedule
        : schedule with { RekeyAfterTime = rekeyAfter * 1_000_000L, ResponderRekeys = true };

    private async Task LogEventsAsync()
    {
        await foreach (var happened in _loop.Events.ReadAllAsync())
            Log(happened);
    }

    private void Log(in RelayEvent happened)
    {
        string? endpoint = happened.Endpoint?.ToString();
        switch (happened.Kind)
        {
            case RelayEventKind.Registered:
                RelayLog.Registered(_logger, happened.Agent, endpoint);
                break;
            case RelayEventKind.Moved:
                RelayLog.Moved(_logger, happened.Agent, endpoint);
                break;
            case RelayEventKind.Contested:
                RelayLog.Contested(_logger, happened.Agent, endpoint);
                break;
            case RelayEventKind.AddressTaken:
                RelayLog.AddressTaken(_logger, happened.Agent, endpoint);
                break;
            case RelayEventKind.ConnectorRestarted:
                RelayLog.ConnectorRestarted(_logger, happened.Agent, happened.FlowCount);
                break;
            case RelayEventKind.ConnectorSilent:
                RelayLog.ConnectorSilent(_logger, happened.Agent, happened.FlowCount);
                break;
            case RelayEventKind.ConnectorBack:
                RelayLog.ConnectorBack(_logger, happened.Agent);
                break;
            case RelayEventKind.Left:
                RelayLog.Left(_logger, happened.Agent, happened.FlowCount);
                break;
            case RelayEventKind.Removed:
                RelayLog.Removed(_logger, happened.Agent, happened.FlowCount);
                break;
        }
    }
}
