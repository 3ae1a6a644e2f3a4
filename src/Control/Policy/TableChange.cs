namespace Keyhole.Control;

/// <summary>Whose tables a change of the network touches.</summary>
internal sealed class TableChange
{
    private TableChange(Extent extent, bool relays) => (Concerns, Relays) = (extent, relays);

    public enum Extent
    {
        Nothing,

        /// <summary>Those of <see cref="Sites"/> and <see cref="Clients"/>, and of all relays; of the others the relays in them, where <see cref="TableChange.Relays"/> says so.</summary>
        Some,
        Everything,
    }

    public static TableChange Everything { get; } = new(Extent.Everything, relays: true);

    public Extent Concerns { get; }

    /// <summary>Whether the relays, which stand in every table, are others.</summary>
    public bool Relays { get; }

    public HashSet<int> Sites { get; } = [];

    public HashSet<int> Clients { get; } = [];

    public static TableChange Of(CompiledNetwork before, CompiledNetwork after)
    {
        var (from, to) = (before.State, after.State);
        if (from.Organisation != to.Organisation || from.OverlayIpv6 != to.OverlayIpv6)
            return Everything;
        bool relays = !from.Relays.Equals(to.Relays);
        if (!relays && after.Sites.Changed.Count + after.Resources.Changed.Count + after.Peers.Changed.Count + after.Grants.ChangedClients.Count + after.Ssh.Changed.Count == 0)
            return new TableChange(Extent.Nothing, relays);
        var change = new TableChange(Extent.Some, relays);
        change.Sites.UnionWith(after.Grants.ChangedSites);
        change.Clients.UnionWith(after.Grants.ChangedClients);
        foreach (int site in after.Sites.Changed)
            change.AddSite(site, after);
        foreach (int resource in after.Resources.Changed.Concat(after.Ssh.Changed))
            change.Sites.UnionWith(new[] { before.Resources.Find(resource)?.Site, after.Resources.Find(resource)?.Site }.OfType<int>());
        foreach (int peer in after.Peers.Changed)
            change.AddPeer(peer, before, after);
        return change;
    }

    /// <summary>The name of a site and its connectors stand in the tables of its clients too. Those who were clients there and are not any more have changed themselves.</summary>
    private void AddSite(int site, CompiledNetwork after)
    {
        Sites.Add(site);
        Clients.UnionWith(after.Grants.ClientsAt(site));
    }

    private void AddPeer(int peer, CompiledNetwork before, CompiledNetwork after)
    {
        foreach (int site in new[] { before.Peers.Find(peer)?.Row.Site, after.Peers.Find(peer)?.Row.Site }.OfType<int>())
            AddSite(site, after);
        Clients.Add(peer);
        foreach (int resource in after.GrantOf(peer)?.Resources ?? [])
            Sites.Add(after.Resources.Find(resource)!.Site);
    }
}
