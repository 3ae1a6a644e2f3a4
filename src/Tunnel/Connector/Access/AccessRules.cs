using Keyhole.Contracts;
using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <summary>
/// Who may reach what at one site, compiled from Control's table: client by source address, then granted resources by
/// destination. Immutable; nothing that is not written here is allowed. A look-up allocates nothing.
/// </summary>
public sealed class AccessRules
{
    private readonly Dictionary<IpAddress, ClientRules> _bySource = [];
    private readonly Dictionary<int, ClientRules> _byClient = [];

    private AccessRules()
    {
    }

    /// <summary>The rules that allow nothing.</summary>
    public static AccessRules None { get; } = new();

    /// <summary>Clients that were granted something here.</summary>
    public int ClientCount => _byClient.Count;

    /// <summary>
    /// Compiles a table. Rows that cannot be understood grant nothing: an address that does not parse, a grant of an unknown client
    /// or resource.
    /// </summary>
    public static AccessRules Compile(Table table)
    {
        ArgumentNullException.ThrowIfNull(table);
        var rules = new AccessRules();
        var resources = new Dictionary<int, ResourceRow>();
        foreach (var resource in table.Resources)
            resources[resource.Id] = resource;
        var peers = new Dictionary<int, PeerRow>();
        foreach (var peer in table.Peers)
            peers[peer.Id] = peer;
        foreach (var grant in table.Grants)
            if (peers.TryGetValue(grant.Client, out var client) && client.Kind != PeerKind.Connector)
                rules.Add(client, grant, resources);
        return rules;
    }

    /// <summary>The row identifier of the client with this overlay address; -1 when there is none that was granted anything here.</summary>
    public int FindClient(IpAddress source) => _bySource.TryGetValue(source, out var rules) ? rules.Client : -1;

    /// <summary>Decides about a client's packet to a destination as the client sees it.</summary>
    /// <param name="port">The destination port; ignored for ICMP.</param>
    /// <param name="target">Where it leads, when allowed.</param>
    public AccessVerdict Decide(int client, IpAddress source, IpAddress destination, byte protocol, ushort port, out AccessTarget target)
    {
        target = default;
        if (!_bySource.TryGetValue(source, out var rules) || rules.Client != client)
            return AccessVerdict.UnknownClient;
        var verdict = rules.Find(destination, protocol, port, out var rule);
        if (rule is not null)
            target = new AccessTarget(rule.Resource, rule.Translate(destination), rule.IsName, rule.IsExactAddress);
        return verdict;
    }

    private void Add(PeerRow client, GrantRow grant, Dictionary<int, ResourceRow> resources)
    {
        var prefixes = new List<(IpPrefix, AccessRule)>();
        foreach (int id in grant.Resources)
        {
            if (!resources.TryGetValue(id, out var resource))
                continue;
            IpPrefix? destination = IpPrefix.TryParse(resource.Destination, out var parsed) ? parsed : null;
            foreach (string text in resource.Overlay)
                if (IpPrefix.TryParse(text, out var overlay))
                    prefixes.Add((overlay, new AccessRule(resource, overlay, destination)));
            if (destination is { } native && !grant.OverlayOnly.Contains(id))
                prefixes.Add((native, new AccessRule(resource, native, native)));
        }

        if (prefixes.Count == 0)
            return;
        var rules = new ClientRules(client.Id, prefixes);
        _byClient[client.Id] = rules;
        foreach (string text in client.Addresses)
            if (IpAddress.TryParse(text, out var address))
                _bySource[address] = rules;
    }
}
