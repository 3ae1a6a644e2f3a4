namespace Keyhole.Control;

/// <summary>What every client may reach, whole and by site. Rows that a change does not touch are the same objects before and after it.</summary>
internal sealed class CompiledGrants
{
    private readonly Dictionary<int, GrantRow> _rows;
    private readonly Dictionary<int, SortedDictionary<int, GrantRow>> _atSites;

    private CompiledGrants(Dictionary<int, GrantRow> rows, Dictionary<int, SortedDictionary<int, GrantRow>> atSites)
    {
        _rows = rows;
        _atSites = atSites;
    }

    public static CompiledGrants Empty { get; } = new([], []);

    /// <summary>Clients whose rows are others than before, or lead to resources that are.</summary>
    public HashSet<int> ChangedClients { get; } = [];

    /// <summary>Sites of which a client's part is another than before.</summary>
    public HashSet<int> ChangedSites { get; } = [];

    public GrantRow? Find(int client) => _rows.GetValueOrDefault(client);

    /// <summary>The rows of a site, in the order of the clients, with what is on that site only.</summary>
    public IReadOnlyCollection<GrantRow> AtSite(int site) => _atSites.TryGetValue(site, out var rows) ? rows.Values : [];

    /// <summary>The clients that reach something on a site, in order.</summary>
    public IReadOnlyCollection<int> ClientsAt(int site) => _atSites.TryGetValue(site, out var rows) ? rows.Keys : [];

    /// <summary>The grants after a change.</summary>
    /// <param name="oldResources">The resources that these grants lead to.</param>
    public CompiledGrants Next(CompiledRows<Resource, ResourceRow> oldResources, NetworkState state, Access access, CompiledRows<Resource, ResourceRow> resources)
    {
        CompiledGrants? next = null;
        var copied = new HashSet<int>();
        int kept = 0;
        foreach (var client in state.Peers)
        {
            if (!client.IsClient)
                continue;
            var granted = access.Of(client);
            var old = Find(client.Id);
            kept += old is null ? 0 : 1;
            bool leadsElsewhere = resources.Changed.Count > 0 && granted.Any(resources.Changed.Contains);
            if (!leadsElsewhere && (old is null ? granted.Count == 0 : ReferenceEquals(old.Resources, granted)))
                continue;
            var row = granted.Count == 0 ? null : new GrantRow(client.Id, granted, OverlayOnly(granted, resources));
            if (leadsElsewhere || !Equals(row, old))
                Put(client.Id, row);
        }

        if (kept < _rows.Count)
        {
            foreach (int gone in _rows.Keys.Except(state.Peers.Where(peer => peer.IsClient).Select(peer => peer.Id)))
                Put(gone, null);
        }

        return next ?? Same();

        void Put(int client, GrantRow? row)
        {
            next ??= new CompiledGrants(new(_rows), new(_atSites));
            next.Put(client, row, oldResources, resources, copied);
        }
    }

    /// <summary>The grants after a change that touches none of them.</summary>
    public CompiledGrants Same() => ChangedClients.Count + ChangedSites.Count == 0 ? this : new CompiledGrants(_rows, _atSites);

    private void Put(int client, GrantRow? row, CompiledRows<Resource, ResourceRow> oldResources, CompiledRows<Resource, ResourceRow> resources, HashSet<int> copied)
    {
        var old = _rows.GetValueOrDefault(client);
        if (old is null && row is null)
            return;
        ChangedClients.Add(client);
        foreach (int site in old?.Resources.Select(id => oldResources.Find(id)!.Site).Distinct() ?? [])
            AtSiteToChange(site, copied).Remove(client);
        if (row is null)
        {
            _rows.Remove(client);
            return;
        }

        _rows[client] = row.Equals(old) ? old : row;
        foreach (var group in row.Resources.GroupBy(id => resources.Find(id)!.Site))
            AtSiteToChange(group.Key, copied)[client] = new GrantRow(client, [.. group], [.. row.OverlayOnly.Where(group.Contains)]);
    }

    private SortedDictionary<int, GrantRow> AtSiteToChange(int site, HashSet<int> copied)
    {
        ChangedSites.Add(site);
        if (copied.Add(site))
            _atSites[site] = _atSites.TryGetValue(site, out var rows) ? new(rows) : [];
        return _atSites[site];
    }

    /// <summary>
    /// The resources whose native prefix another site's resource claims too for this client. Where one prefix lies inside another
    /// the longer one is meant, as in every routing table; only equal ones leave no answer.
    /// </summary>
    private static List<int> OverlayOnly(ValueList<int> granted, CompiledRows<Resource, ResourceRow> resources)
    {
        var claimed = granted.Select(id => resources.FindItem(id)!)
            .Where(resource => resource.Destination.Prefix is not null)
            .GroupBy(resource => resource.Destination.Prefix!.Value)
            .Where(group => group.Select(resource => resource.Site).Distinct().Count() > 1);
        return [.. claimed.SelectMany(group => group).Select(resource => resource.Id).Order()];
    }
}
