using Keyhole.Contracts;
using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <summary>
/// Of a table, what a client needs: the relays to register at, its own addresses, and per site what was granted there and the connectors that lead
/// to it. It never changes once compiled, so any thread may compile it.
/// </summary>
public sealed class ClientRoster
{
    private ClientRoster()
    {
    }

    /// <summary>No relay, no address, nothing granted.</summary>
    public static ClientRoster None { get; } = new();

    public long Revision { get; private init; }

    public IReadOnlyList<RelayRow> Relays { get; private init; } = [];

    /// <summary>The client's own overlay addresses, at most one per family.</summary>
    public IReadOnlyList<IpAddress> Addresses { get; private init; } = [];

    /// <summary>Prefixes that exist inside the tunnel only.</summary>
    public IReadOnlyList<string> Overlay { get; private init; } = [];

    /// <summary>Sites where something was granted.</summary>
    public IReadOnlyList<SiteRow> Sites { get; private init; } = [];

    /// <summary>Connectors of those sites.</summary>
    public IReadOnlyList<PeerRow> Connectors { get; private init; } = [];

    /// <summary>Granted prefixes with their sites, overlay prefixes first.</summary>
    public IReadOnlyList<(IpPrefix Prefix, int Site)> Routes { get; private init; } = [];

    /// <summary>What was granted.</summary>
    public IReadOnlyList<ResourceRow> Resources { get; private init; } = [];

    /// <summary>The names of what was granted.</summary>
    public NameTable Names { get; private init; } = NameTable.None;

    /// <param name="client">The <see cref="PeerRow.Id"/> of this client.</param>
    public static ClientRoster Compile(Table table, int client)
    {
        ArgumentNullException.ThrowIfNull(table);
        var grant = table.Grants.FirstOrDefault(row => row.Client == client);
        var granted = grant?.Resources.ToHashSet() ?? [];
        var resources = table.Resources.Where(row => granted.Contains(row.Id)).ToList();
        var sites = resources.Select(row => row.Site).ToHashSet();
        var own = table.Peers.FirstOrDefault(row => row.Id == client && row.Kind != PeerKind.Connector);
        return new ClientRoster
        {
            Revision = table.Revision,
            Relays = table.Relays,
            Overlay = table.Overlay,
            Addresses = [.. Parse(own?.Addresses ?? [])],
            Sites = [.. table.Sites.Where(row => sites.Contains(row.Id))],
            Connectors = [.. table.Peers.Where(row => row is { Kind: PeerKind.Connector, Site: { } site } && sites.Contains(site))],
            Routes = [.. RoutesOf(resources, grant)],
            Resources = resources,
            Names = new NameTable(resources),
        };
    }

    private static IEnumerable<(IpPrefix Prefix, int Site)> RoutesOf(List<ResourceRow> resources, GrantRow? grant)
    {
        foreach (var resource in resources)
        {
            foreach (string text in resource.Overlay)
            {
                if (IpPrefix.TryParse(text, out var overlay))
                    yield return (overlay, resource.Site);
            }
        }

        // A name has no native prefix, and where two sites claim one prefix only the overlay says which is meant.
        foreach (var resource in resources)
        {
            if (!grant!.OverlayOnly.Contains(resource.Id) && IpPrefix.TryParse(resource.Destination, out var native))
                yield return (native, resource.Site);
        }
    }

    private static IEnumerable<IpAddress> Parse(IReadOnlyList<string> texts)
    {
        foreach (string text in texts)
        {
            if (IpAddress.TryParse(text, out var address))
                yield return address;
        }
    }
}
