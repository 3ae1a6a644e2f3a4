using System.Text.Json.Nodes;
using Keyhole.Agent;
using Keyhole.Contracts;
using Keyhole.Edge;
using Keyhole.SshHost;

namespace Keyhole.Connector;

/// <summary>
/// The hosts of the table that people log in to by SSH. Tables go in without waiting for any of them; Control's orders go to one;
/// what the hosts show comes out for Control and for the status. Whoever follows is Control's connection: while there is one, the table is the newest.
/// </summary>
internal sealed class SshSites : ISshHosts, IAsyncDisposable
{
    private readonly SshSitesOptions _options;
    private readonly Lock _gate = new();
    private readonly Dictionary<int, SshSite> _sites = [];
    private readonly HashSet<Task> _running = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationToken _stopped;
    private Action<SshHostMessage>? _tell;
    private bool _hasRecalled;
    private RowVersion _version = RowVersion.None;

    public SshSites(SshSitesOptions options) => (_options, _stopped) = (options, _stop.Token);

    /// <summary>Follows a table. Returns at once.</summary>
    public void Apply(Table table)
    {
        lock (_gate)
        {
            // A table that expired gives way to an empty one of no revision: what is said then is said from the last. One of two servers may have made the same table at a
            // lower revision, before changes that touched nothing of it.
            if (table.Revision > 0 && (table.Lineage != _version.Lineage || table.Revision > _version.Revision))
                _version = new RowVersion(table.Lineage, table.Revision);
            var targets = SshTarget.From(table, _version);
            if (!_hasRecalled && table.Revision > 0)
                Recall(targets);
            foreach (var (resource, site) in _sites.Where(pair => !targets.ContainsKey(pair.Key)))
                site.Take(null, _version);
            foreach (var (resource, target) in targets)
            {
                if (!_sites.TryGetValue(resource, out var site) || !site.Take(target, _version))
                    Begin(resource, target, []);
            }
        }
    }

    public async Task<SshAccount> ProvisionAsync(int resource, SshAccountOrder order, CancellationToken cancelled)
    {
        SshSite? site;
        lock (_gate)
            site = _sites.GetValueOrDefault(resource);
        if (site is null)
            throw new AgentException("The connector's table has no such SSH host: try again, and look whether the connector follows Control ('keyhole-connector status').");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancelled, _stopped);
        return await site.ProvisionAsync(order, limit.Token);
    }

    public IDisposable Follow(Action<SshHostMessage> tell)
    {
        lock (_gate)
        {
            _tell = tell;
            foreach (var site in _sites.Values)
            {
                site.Attend(true);
                if (site.Published is { } message)
                    tell(message);
            }
        }

        return new Following(this, tell);
    }

    /// <summary>For the status: one object per host, by name.</summary>
    public JsonArray Describe()
    {
        lock (_gate)
            return new JsonArray([.. _sites.Values.Select(site => site.Describe()).OfType<JsonNode>().OrderBy(host => (string?)host["name"], StringComparer.Ordinal)]);
    }

    public void WriteMetrics(PrometheusText text)
    {
        List<SshSiteState> states;
        lock (_gate)
            states = [.. _sites.Values.Select(site => site.State)];
        foreach (var state in Enum.GetValues<SshSiteState>())
            text.Gauge("keyhole_ssh_hosts", "Hosts that people log in to by SSH.", states.Count(each => each == state), ("state", StatusJson.Name(state)));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Task[] running;
        lock (_gate)
            running = [.. _running];
        await Task.WhenAll(running);
        _stop.Dispose();
    }

    /// <summary>What was met before this start: the first table says what of it is over.</summary>
    private void Recall(Dictionary<int, SshTarget> targets)
    {
        _hasRecalled = true;
        foreach (var met in _options.Met.Read().GroupBy(met => met.Row.Resource))
            Begin(met.Key, targets.GetValueOrDefault(met.Key), [.. met]);
    }

    private void Begin(int resource, SshTarget? target, IReadOnlyList<SshTarget> met)
    {
        var site = new SshSite(resource, target, _version, met, _tell is not null, _options, Publish);
        _sites[site.Resource] = site;
        var run = Task.Run(() => RunAsync(site));
        _running.Add(run);
        run.ContinueWith(Remove, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private async Task RunAsync(SshSite site)
    {
        try
        {
            await site.RunAsync(_stopped);
        }
        catch (OperationCanceledException)
        {
        }

        lock (_gate)
        {
            if (_sites.GetValueOrDefault(site.Resource) == site)
                _sites.Remove(site.Resource);
        }
    }

    private void Remove(Task run)
    {
        lock (_gate)
            _running.Remove(run);
    }

    private void Publish(SshSite site, SshHostMessage? message)
    {
        lock (_gate)
        {
            bool isNews = message is not null && !Same(message, site.Published);
            site.Published = message;
            if (isNews && _sites.GetValueOrDefault(site.Resource) == site)
                _tell?.Invoke(message!);
        }
    }

    private static bool Same(SshHostMessage message, SshHostMessage? other) =>
        other is not null && message.HostKeys.SequenceEqual(other.HostKeys) && message.Trusted.SequenceEqual(other.Trusted) && (message.Pin, message.Error) == (other.Pin, other.Error);

    private sealed class Following(SshSites sites, Action<SshHostMessage> tell) : IDisposable
    {
        public void Dispose()
        {
            lock (sites._gate)
            {
                if (sites._tell != tell)
                    return;
                sites._tell = null;
                foreach (var site in sites._sites.Values)
                    site.Attend(false);
            }
        }
    }
}
