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

    public CompiledGrants Next(
        NetworkState from, Access before, CompiledRows<Resource, ResourceRow> oldResources,
        NetworkState to, Access after, CompiledRows<Resource, ResourceRow> resources)
    {
        if (ReferenceEquals(before, after) && resources.Changed.Count == 0)
            return ChangedClients.Count + ChangedSites.Count == 0 ? this : new CompiledGrants(_rows, _atSites);
        var next = new CompiledGrants(new(_rows), new(_atSites));
        var copied = new HashSet<int>();
        var old = from.Peers.Where(peer => peer.IsClient).ToDictionary(peer => peer.Id);
        foreach (var client in to.Peers.Where(peer => peer.IsClient))
        {
            bool known = old.Remove(client.Id, out var was);
            var granted = after.Of(client);
            bool leadsElsewhere = resources.Changed.Count > 0 && granted.Any(resources.Changed.Contains);
            if (known && ReferenceEquals(before.Of(was!), granted) && !leadsElsewhere)
                continue;
            var row = granted.Count == 0 ? null : new GrantRow(client.Id, [.. granted], OverlayOnly(granted, resources));
            if (leadsElsewhere || !Equals(row, Find(client.Id)))
                next.Put(client.Id, row, oldResources, resources, copied);
        }

        foreach (int gone in old.Keys)
            next.Put(gone, null, oldResources, resources, copied);
        return next;
    }

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
