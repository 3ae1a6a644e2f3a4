namespace Keyhole.Control;

/// <summary>Compares two states of a network.</summary>
internal static class Planner
{
    public static Plan Compare(NetworkState from, NetworkState to)
    {
        var changes = new List<Change>();
        if (from.Organisation is null && to.Organisation is { } organisation)
            changes.Add(new Change("add", "org", organisation, []));
        Compare(changes, "relay", from.Relays, to.Relays, (_, relay) =>
            [("endpoint", string.Join(", ", relay.Endpoints)), ("tls-endpoint", string.Join(", ", relay.TlsEndpoints)), ("gateway", relay.Gateway ? "true" : ""), ("dns-forward", string.Join(", ", relay.DnsForward))]);
        Compare(changes, "site", from.Sites, to.Sites, (_, _) => []);
        Compare(changes, "connector", Peers(from, PeerKind.Connector), Peers(to, PeerKind.Connector), (state, peer) =>
            [("site", NameOf(state.Sites, peer.Site)), ("public-key", DeclaredKey(peer))], from, to);
        Compare(changes, "resource", from.Resources, to.Resources, Facets, from, to);
        Compare(changes, "role", Custom(from), Custom(to), (_, role) => [("permissions", string.Join(", ", role.Permissions))]);
        Compare(changes, "user", from.Users, to.Users, (state, user) =>
            [("roles", string.Join(", ", user.Roles.Select(role => NameOf(state.Roles, role))))], from, to);
        Compare(changes, "machine", Peers(from, PeerKind.Machine), Peers(to, PeerKind.Machine), (_, peer) => [("public-key", DeclaredKey(peer))]);
        Compare(changes, "device", Peers(from, PeerKind.Device), Peers(to, PeerKind.Device), (state, peer) =>
            [("user", NameOf(state.Users, peer.Owner)), ("state", $"{peer.DeviceState}".ToLowerInvariant())], from, to);
        Compare(changes, "external-client", Peers(from, PeerKind.ExternalClient), Peers(to, PeerKind.ExternalClient), (_, peer) =>
        [
            ("public-key", DeclaredKey(peer)),
            ("address", $"{peer.Ipv4}"),
            // Chosen at random when the network is applied for the first time: not known to a plan.
            ("ipv6", from.Organisation is null ? "" : $"{peer.Ipv6}"),
            ("dns", string.Join(", ", peer.Dns)),
            ("expires", peer.Expires is { } expires ? TimeSyntax.Format(expires) : ""),
            ("sealed", peer.Sealed ? "true" : ""),
        ]);
        CompareGrants(changes, from, to);
        var access = new Access(from);
        return new Plan(from.Revision, changes, AccessComparison.Between(from, access, to, access.Next(to)));
    }

    private static IReadOnlyList<(string Facet, string Value)> Facets(NetworkState state, Resource resource) =>
    [
        ("site", NameOf(state.Sites, resource.Site)),
        ("destination", resource.Destination.Text),
        ("alias", resource.Alias ?? ""),
        ("tcp", PortSyntax.Format(resource.Tcp)),
        ("udp", PortSyntax.Format(resource.Udp)),
        ("icmp", resource.Icmp ? "true" : ""),
        ("ssh", resource.Ssh is { } ssh ? SshText.Format(ssh) : ""),
    ];

    /// <summary>The fixed ones come with the organisation and do not change.</summary>
    private static IReadOnlyList<Role> Custom(NetworkState state) => [.. state.Roles.Where(role => !role.IsFixed)];

    private static IReadOnlyList<Peer> Peers(NetworkState state, PeerKind kind) => [.. state.Peers.Where(peer => peer.Kind == kind)];

    private static string DeclaredKey(Peer peer) => peer.KeySource == KeySource.Declared ? peer.PublicKey! : "";

    private static string NameOf<T>(IReadOnlyList<T> items, int? id) where T : class, INamed => items.FirstOrDefault(item => item.Id == id)?.Name ?? "";

    private static void Compare<T>(
        List<Change> changes,
        string kind,
        IReadOnlyList<T> from,
        IReadOnlyList<T> to,
        Func<NetworkState, T, IReadOnlyList<(string Facet, string Value)>> facets,
        NetworkState? fromState = null,
        NetworkState? toState = null) where T : class, INamed
    {
        // What facets show of other objects is the name of a site or of a role.
        bool alike = fromState is null || toState is null || (fromState.Sites.Equals(toState.Sites) && fromState.Roles.Equals(toState.Roles));
        var before = from.ToDictionary(item => item.Id);
        var after = to.Select(item => item.Id).ToHashSet();
        foreach (var item in to)
        {
            if (alike && before.TryGetValue(item.Id, out var same) && item.Equals(same))
                continue;
            var values = facets(toState ?? NetworkState.Empty, item);
            if (!before.TryGetValue(item.Id, out var old))
                changes.Add(new Change("add", kind, item.Name, [.. values.Where(facet => facet.Value.Length != 0).Select(facet => $"{facet.Facet}: {facet.Value}")]));
            else if (Differences(old, facets(fromState ?? NetworkState.Empty, old), item, values) is { Count: > 0 } differences)
                changes.Add(new Change("change", kind, item.Name, differences));
        }

        foreach (var item in from.Where(item => !after.Contains(item.Id)))
            changes.Add(new Change("remove", kind, item.Name, []));
    }

    private static List<string> Differences(INamed old, IReadOnlyList<(string Facet, string Value)> before, INamed item, IReadOnlyList<(string Facet, string Value)> after)
    {
        var differences = new List<string>();
        if (old.Name != item.Name)
            differences.Add($"name: {old.Name} → {item.Name}");
        for (int i = 0; i < after.Count; i++)
        {
            if (before[i].Value != after[i].Value)
                differences.Add($"{after[i].Facet}: {Shown(before[i].Value)} → {Shown(after[i].Value)}");
        }

        return differences;
    }

    private static string Shown(string value) => value.Length == 0 ? "none" : value;

    private static void CompareGrants(List<Change> changes, NetworkState from, NetworkState to)
    {
        var differences = GrantChanges.Between(from.Grants, to.Grants);
        if (differences.Count == 0)
            return;
        var (before, after) = (NamesOf(from), NamesOf(to));
        changes.AddRange(Named("add", after, differences, change => change.Added));
        changes.AddRange(Named("remove", before, differences, change => change.Removed));
    }

    private static IEnumerable<Change> Named(
        string action, Dictionary<int, string> names, Dictionary<(PrincipalKind Kind, int Id), GrantChanges> differences, Func<GrantChanges, List<int>> resourcesOf) =>
        differences.SelectMany(entry => resourcesOf(entry.Value).Select(resource => new Grant(resource, entry.Key.Kind, entry.Key.Id)))
            .OrderBy(grant => grant.Resource).ThenBy(grant => grant.Kind).ThenBy(grant => grant.Principal)
            .Select(grant => new Change(action, "grant", NameOf(names, grant), []));

    private static Dictionary<int, string> NamesOf(NetworkState state) =>
        state.Resources.Select(INamed (item) => item).Concat(state.Roles).Concat(state.Users).Concat(state.Peers).ToDictionary(item => item.Id, item => item.Name);

    private static string NameOf(Dictionary<int, string> names, Grant grant) =>
        $"{names[grant.Resource]} → {Names.Of(grant.Kind)} {names[grant.Principal]}";
}
