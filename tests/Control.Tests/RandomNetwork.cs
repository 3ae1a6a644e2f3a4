using System.Globalization;
using System.Text;

namespace Keyhole.Control.Tests;

/// <summary>
/// Network files by chance: few names, so that one file after another adds, removes, moves and changes the same objects, and
/// few prefixes, so that sites claim the same ones.
/// </summary>
internal sealed class RandomNetwork(int seed)
{
    private static readonly string[] Destinations =
    [
        "192.168.1.0/24", "192.168.1.0/24", "192.168.1.20", "192.168.1.20", "10.0.0.0/8", "10.1.0.0/16", "10.1.2.4/30", "10.1.2.3", "2001:db8::/48",
        "2001:db8:1::/64", "2001:db8:1::7", "2001:db8:2::/120", "db.corp.example", "db.corp.example",
    ];

    private static readonly string[] Clients = ["phone", "tablet", "laptop", "router"];

    private readonly Random _random = new(seed);

    public string Next()
    {
        var relays = Some("vps", "vps2");
        var sites = Some("office", "plant", "lab");
        var connectors = sites.Count == 0 ? [] : Some("c1", "c2", "c3", "c4").ToDictionary(name => name, _ => Pick(sites));
        var resources = sites.Count == 0 ? [] : Some("web", "db", "nas", "plc", "lan");
        var roles = Some("staff", "helpdesk");
        List<string> usable = [.. roles, "admin", "member"];
        var users = Some("alice@example.com", "bob@example.com");
        var machines = Some("ci", "backup");
        var clients = Some(Clients);
        var text = new StringBuilder("version: 1\norg: acme\n");
        Each(text, "relays", relays, name => $"{{ name: {name}, endpoint: \"203.0.113.{_random.Next(1, 4)}:21820\", gateway: {Flag()}{(_random.Next(3) == 0 ? ", tls-endpoint: \"relay.example.com:443\"" : "")}{Pick("", "", ", dns-forward: 192.0.2.53", ", dns-forward: [192.0.2.53, \"[2001:db8::53]:5353\"]")} }}");
        Each(text, "sites", sites, name =>
        {
            var here = connectors.Where(entry => entry.Value == name).Select(entry => NamedKey(entry.Key)).ToList();
            return here.Count == 0 ? $"{{ name: {name} }}" : $"{{ name: {name}, connectors: [{string.Join(", ", here)}] }}";
        });
        Each(text, "resources", resources, name => Pick(Destinations) is var destination
            ? $"{{ name: {name}, site: {Pick(sites)}, destination: \"{destination}\"{(destination.Contains('/', StringComparison.Ordinal) ? "" : Ssh())}{(Chance(2) ? $", alias: {name}.acme.internal" : "")}, tcp: \"{Pick("", "*", "22", "80,443")}\", icmp: {Flag()} }}"
            : "");
        Each(text, "roles", roles, name => Chance(2) ? name : $"{{ name: {name}, permissions: [{Pick("", "\"sites:read\"", "\"audit:read\", \"devices:write\"")}] }}");
        Each(text, "users", users, email => $"{{ email: {email}, roles: [{string.Join(", ", usable.Where(_ => Chance(2)))}] }}");
        Each(text, "machines", machines, NamedKey);
        Each(text, "external-clients", clients, name =>
            $"{{ name: {name}{(Chance(3) ? $", address: {Address(Array.IndexOf(Clients, name))}" : "")}{Key(name)}{(Chance(4) ? ", dns: 192.168.1.1" : "")}{Pick("", "", ", expires: 2026-03-01T11:00:00Z", ", expires: 2027-01-01")} }}");
        var grants = new List<string>();
        foreach (string resource in resources.Where(_ => !Chance(4)))
        {
            string[] lists = [List("roles", usable), List("users", users), List("machines", machines), List("external-clients", clients)];
            if (lists.Any(list => list.Length != 0))
                grants.Add($"{{ resource: {resource}{string.Concat(lists)} }}");
        }

        Each(text, "grants", grants, grant => grant);
        return text.ToString();
    }

    private string Ssh() => Pick(
        "", ", ssh: true", ", ssh: { daemon: external, port: 2222, sudo: full }",
        ", ssh: { sudo: [\"/usr/bin/systemctl restart web\", /usr/bin/id], groups: [docker, adm], shell: /bin/sh, home: /srv/home }");

    private string List(string key, List<string> names)
    {
        var some = names.Where(_ => Chance(2)).ToList();
        return some.Count == 0 ? "" : $", {key}: [{string.Join(", ", some)}]";
    }

    /// <summary>Two addresses per client, none of them another's.</summary>
    private string Address(int client) => string.Create(CultureInfo.InvariantCulture, $"100.64.{9 + client}.{_random.Next(1, 3)}");

    private string NamedKey(string name) => Key(name) is { Length: > 0 } key ? $"{{ name: {name}{key} }}" : name;

    private string Key(string name) => Chance(4)
        ? $", public-key: \"{Convert.ToBase64String(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(name + _random.Next(2))))}\""
        : "";

    private static void Each(StringBuilder text, string key, List<string> items, Func<string, string> line)
    {
        if (items.Count == 0)
            return;
        text.Append(CultureInfo.InvariantCulture, $"{key}:\n");
        foreach (string item in items)
            text.Append(CultureInfo.InvariantCulture, $"  - {line(item)}\n");
    }

    private List<string> Some(params string[] names) => [.. names.Where(_ => !Chance(4))];

    private string Pick(params IReadOnlyList<string> items) => items[_random.Next(items.Count)];

    private bool Chance(int of) => _random.Next(of) == 0;

    private string Flag() => Chance(2) ? "true" : "false";
}
