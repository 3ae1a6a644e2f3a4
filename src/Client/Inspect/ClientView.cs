using System.Globalization;
using System.Text.Json.Nodes;
using Keyhole.Contracts;
using Keyhole.Packets;
using Keyhole.Tunnel;

namespace Keyhole.Client;

/// <summary>What the client knows of what was granted, for commands that ask. Unchangeable.</summary>
internal sealed class ClientView(Table table, int client, ClientRoster roster)
{
    private readonly HashSet<int> _overlayOnly = [.. table.Grants.FirstOrDefault(row => row.Client == client)?.OverlayOnly ?? []];

    /// <summary>Before the first table.</summary>
    public static ClientView None { get; } = new(new Table { Revision = 0, Organisation = "", Overlay = [] }, 0, ClientRoster.None);

    public int Client => client;

    public ClientRoster Roster => roster;

    /// <summary>The rules that connectors enforce, as far as they concern this client.</summary>
    public AccessRules Rules { get; } = AccessRules.Compile(table);

    /// <summary>True where another site's resource claims the same destination, so that only the overlay address is meant.</summary>
    public bool IsOverlayOnly(ResourceRow resource) => _overlayOnly.Contains(resource.Id);

    public string SiteOf(ResourceRow resource) => roster.Sites.FirstOrDefault(site => site.Id == resource.Site)?.Name ?? "";

    /// <param name="sites">As in the status.</param>
    public JsonObject List(JsonArray sites)
    {
        var resources = new JsonArray();
        foreach (var resource in roster.Resources.OrderBy(resource => resource.Alias ?? resource.Name, StringComparer.Ordinal))
        {
            var described = Describe(resource);
            described["reachable"] = sites.Any(site => (string?)site!["name"] == SiteOf(resource) && (bool)site["reachable"]!);
            resources.Add((JsonNode)described);
        }

        return new JsonObject { ["revision"] = roster.Revision, ["resources"] = resources };
    }

    public JsonObject Describe(ResourceRow resource) => new()
    {
        ["name"] = resource.Name,
        ["alias"] = resource.Alias,
        ["site"] = SiteOf(resource),
        ["overlay"] = new JsonArray([.. resource.Overlay.Select(text => (JsonNode)WithoutHostLength(text))]),
        ["destination"] = resource.Destination,
        ["overlayOnly"] = IsOverlayOnly(resource),
        ["tcp"] = Ports(resource.Tcp),
        ["udp"] = Ports(resource.Udp),
        ["icmp"] = resource.Icmp,
    };

    /// <summary>As in the network file.</summary>
    public static string Ports(IReadOnlyList<PortRange> ranges) => ranges is [(1, ushort.MaxValue)] or [(0, ushort.MaxValue)]
        ? "*"
        : string.Join(',', ranges.Select(range => range.First == range.Last ? range.First.ToString(CultureInfo.InvariantCulture) : string.Create(CultureInfo.InvariantCulture, $"{range.First}-{range.Last}")));

    private static string WithoutHostLength(string text) => IpPrefix.TryParse(text, out var prefix) && prefix.IsHost ? prefix.Address.ToString() : text;
}
