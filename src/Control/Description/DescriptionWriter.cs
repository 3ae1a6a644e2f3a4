using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;

namespace Keyhole.Control;

/// <summary>Writes a network as a file that describes it: applied to the same network, it changes nothing.</summary>
internal static class DescriptionWriter
{
    private static readonly HashSet<string> Reserved = new(["null", "true", "false", "yes", "no", "on", "off", "y", "n"], StringComparer.OrdinalIgnoreCase);

    public static string Write(NetworkState state)
    {
        var text = new StringBuilder("version: 1\n");
        if (state.Organisation is null)
            return text.Append("# org: NAME (nothing was applied yet)\n").ToString();
        text.Append(CultureInfo.InvariantCulture, $"org: {Plain(state.Organisation)}\n");
        Section(text, "relays", state.Relays, relay =>
            [("name", relay.Name), ("endpoint", Strings(relay.Endpoints)), ("tls-endpoint", relay.TlsEndpoints.Count == 0 ? null : Strings(relay.TlsEndpoints)), ("gateway", relay.Gateway ? "true" : null), ("dns-forward", relay.DnsForward.Count == 0 ? null : Strings(relay.DnsForward))]);
        Section(text, "sites", state.Sites, site => [("name", site.Name), ("connectors", Connectors(state, site))]);
        var sites = state.Sites.ToDictionary(site => site.Id, site => site.Name);
        Section(text, "resources", state.Resources, resource =>
        [
            ("name", resource.Name),
            ("site", sites[resource.Site]),
            ("destination", Quote(resource.Destination.Text)),
            ("alias", resource.Alias is { } alias ? Quote(alias) : null),
            ("tcp", Quote(PortSyntax.Format(resource.Tcp))),
            ("udp", Quote(PortSyntax.Format(resource.Udp))),
            ("icmp", resource.Icmp ? "true" : "false"),
            ("ssh", resource.Ssh is { } ssh ? SshText.Format(ssh) : null),
        ]);
        Lines(text, "roles", state.Roles.Where(role => !role.IsFixed).Select(Role));
        var roles = state.Roles.ToDictionary(role => role.Id, role => Plain(role.Name));
        Section(text, "users", state.Users, user => [("email", Quote(user.Email)), ("roles", List(user.Roles.Select(role => roles[role])))]);
        Lines(text, "machines", state.Peers.Where(peer => peer.Kind == PeerKind.Machine).Select(NamedKey));
        // Addresses are written too: applied to an empty network, every client keeps the IPv4 address that is in its file.
        Section(text, "external-clients", state.Peers.Where(peer => peer.Kind == PeerKind.ExternalClient), client =>
        [
            ("name", client.Name),
            ("public-key", client.KeySource == KeySource.Declared ? Quote(client.PublicKey!) : null),
            ("address", client.Ipv4!.ToString()),
            ("dns", client.Dns.Count == 0 ? null : List(client.Dns.Select(Quote))),
            ("expires", client.Expires is { } expires ? Quote(TimeSyntax.Format(expires)) : null),
            ("sealed", client.Sealed ? "true" : null),
        ]);
        Grants(text, state, roles);
        return text.ToString();
    }

    private static void Grants(StringBuilder text, NetworkState state, Dictionary<int, string> roles)
    {
        var resources = state.Resources.ToDictionary(resource => resource.Id, resource => resource.Name);
        var users = state.Users.ToDictionary(user => user.Id, user => Quote(user.Email));
        var peers = state.Peers.ToDictionary(peer => peer.Id, peer => Plain(peer.Name));
        Section(text, "grants", state.Grants.GroupBy(grant => grant.Resource), grants =>
        [
            ("resource", resources[grants.Key]),
            ("roles", Principals(grants, PrincipalKind.Role, roles)),
            ("users", Principals(grants, PrincipalKind.User, users)),
            ("machines", Principals(grants, PrincipalKind.Machine, peers)),
            ("external-clients", Principals(grants, PrincipalKind.ExternalClient, peers)),
        ]);
    }

    private static string? Principals(IEnumerable<Grant> grants, PrincipalKind kind, Dictionary<int, string> names)
    {
        var list = grants.Where(grant => grant.Kind == kind).Select(grant => names[grant.Principal]).ToList();
        return list.Count == 0 ? null : List(list);
    }

    private static string? Connectors(NetworkState state, Site site)
    {
        var list = state.Peers.Where(peer => peer.Site == site.Id).Select(NamedKey).ToList();
        return list.Count == 0 ? null : List(list);
    }

    private static string NamedKey(Peer peer) =>
        peer.KeySource == KeySource.Declared ? $"{{ name: {Plain(peer.Name)}, public-key: {Quote(peer.PublicKey!)} }}" : Plain(peer.Name);

    private static string Role(Role role) =>
        role.Permissions.Count == 0 ? Plain(role.Name) : $"{{ name: {Plain(role.Name)}, permissions: {List(role.Permissions.Select(Quote))} }}";

    private static string Strings(ValueList<string> values) => values.Count == 1 ? Quote(values[0]) : List(values.Select(Quote));

    private static string List(IEnumerable<string> values) => $"[{string.Join(", ", values)}]";

    /// <summary>The keys of each object as a block: a reviewer's diff shows one line per value.</summary>
    private static void Section<T>(StringBuilder text, string key, IEnumerable<T> items, Func<T, IReadOnlyList<(string Key, string? Value)>> fields)
    {
        bool first = true;
        foreach (var item in items)
        {
            if (first)
                text.Append(CultureInfo.InvariantCulture, $"{key}:\n");
            first = false;
            string lead = "  - ";
            foreach (var (name, value) in fields(item))
            {
                if (value is null)
                    continue;
                text.Append(CultureInfo.InvariantCulture, $"{lead}{name}: {(name is "name" or "site" or "resource" ? Plain(value) : value)}\n");
                lead = "    ";
            }
        }
    }

    private static void Lines(StringBuilder text, string key, IEnumerable<string> values)
    {
        var list = values.ToList();
        if (list.Count != 0)
            text.Append(CultureInfo.InvariantCulture, $"{key}: {List(list)}\n");
    }

    /// <summary>Names such as null, true and 12 need quotes to stay names.</summary>
    private static string Plain(string name) =>
        char.IsAsciiLetter(name[0]) && !Reserved.Contains(name) ? name : Quote(name);

    /// <summary>JSON strings are YAML strings.</summary>
    private static string Quote(string value) => $"\"{JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(value)}\"";
}
