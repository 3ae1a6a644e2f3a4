using System.Text.Json.Nodes;
using Keyhole.Contracts;
using Keyhole.Packets;
using Keyhole.Tunnel;

namespace Keyhole.Client;

/// <summary>Why a target is reached, and how, or why not: by the rules that connectors enforce and by what the data path has shown.</summary>
internal static class Explanation
{
    /// <param name="status">As the status command prints it.</param>
    public static JsonObject Of(ClientView view, string text, JsonObject status)
    {
        if (!TargetText.TryParse(text, out var target))
            return new JsonObject { ["error"] = $"'{text}' is neither a name nor an address, with or without a port: db.acme.internal, 192.0.2.1:80, [2001:db8::1]:80." };
        var explained = new JsonObject { ["target"] = text, ["reachable"] = false, ["reason"] = null };
        string? reason = Refusal(view, target, explained, out var resource) ?? Obstacle(view, resource!, explained, status);
        explained["reason"] = reason;
        explained["reachable"] = reason is null;
        return explained;
    }

    /// <summary>What the grants say against it; null for nothing, and then <paramref name="resource"/> is what it leads to.</summary>
    private static string? Refusal(ClientView view, in TargetText target, JsonObject explained, out ResourceRow? resource)
    {
        resource = null;
        if (view.Roster.Revision == 0)
            return "Control has not told this client yet what was granted";
        var (address, port) = (target.Address, target.Port);
        if (target.Name is { } name)
        {
            if (view.Roster.Names.Find(name) is not { } named)
                return $"nothing of the name {name} was granted: it goes to the name servers of this machine";
            address = named.Ipv4 ?? named.Ipv6!.Value;
            explained["alias"] = named.Alias;
        }

        explained["address"] = address.ToString();
        var own = view.Roster.Addresses.Where(own => own.IsIpv4 == address.IsIpv4).ToList();
        if (own.Count == 0)
            return $"this client has no overlay address of the family of {address}";
        var protocols = Protocols(port, address).Where(protocol => view.Rules.Decide(view.Client, own[0], address, protocol, port, out _) == AccessVerdict.Allowed).ToList();
        resource = protocols.Count > 0 && view.Rules.Decide(view.Client, own[0], address, protocols[0], port, out var found) == AccessVerdict.Allowed
            ? found.Resource
            : Covering(view, address).FirstOrDefault();
        if (resource is not null)
            explained["resource"] = view.Describe(resource);
        explained["protocols"] = new JsonArray([.. protocols.Select(protocol => (JsonNode)Name(protocol))]);
        if (port > 0 && protocols.Count == 0 && resource is not null)
            return $"port {port} is not granted: {string.Join("; ", Covering(view, address).Select(covering => $"{covering.Name} opens TCP {Shown(covering.Tcp)}, UDP {Shown(covering.Udp)}"))}";
        return resource is not null ? null : Claimed(view, address) ?? $"no granted resource holds {address}: it does not enter the tunnel";
    }

    /// <summary>What stands in the way at the moment; null for nothing.</summary>
    private static string? Obstacle(ClientView view, ResourceRow resource, JsonObject explained, JsonObject status)
    {
        string site = view.SiteOf(resource);
        explained["site"] = site;
        var found = status["sites"]!.AsArray().FirstOrDefault(candidate => (string?)candidate!["name"] == site);
        explained["connectors"] = found?["connectors"]?.DeepClone();
        if (found is not null && (bool)found["reachable"]!)
            return LeftOut(explained, status);
        if (!(bool)status["registered"]!)
            return "no relay answers";
        return found?["connectors"] is not JsonArray { Count: > 0 }
            ? $"the site {site} has no connector"
            : $"no connector of the site {site} answers";
    }

    /// <summary>In TUN mode a prefix that holds a relay's address has no route.</summary>
    private static string? LeftOut(JsonObject explained, JsonObject status)
    {
        if (status["routes"] is not JsonArray routes)
            return null;
        var address = IpAddress.Parse((string)explained["address"]!);
        return routes.Any(route => IpPrefix.TryParse((string)route!, out var prefix) && prefix.Contains(address))
            ? null
            : $"{address} has no route into the tunnel: its prefix holds the address of a relay or of Control, or the routes could not be set; the overlay address leads there";
    }

    private static IEnumerable<ResourceRow> Covering(ClientView view, IpAddress address) => view.Roster.Resources.Where(resource =>
        resource.Overlay.Append(view.IsOverlayOnly(resource) ? "" : resource.Destination).Any(text => IpPrefix.TryParse(text, out var prefix) && prefix.Contains(address)));

    private static string? Claimed(ClientView view, IpAddress address)
    {
        var claiming = view.Roster.Resources.Where(resource => view.IsOverlayOnly(resource) && IpPrefix.TryParse(resource.Destination, out var prefix) && prefix.Contains(address)).ToList();
        return claiming.Count == 0
            ? null
            : $"several sites have {address}: {string.Join(", ", claiming.Select(resource => $"{resource.Alias ?? string.Join(", ", resource.Overlay)} is the one of {view.SiteOf(resource)}"))}";
    }

    private static IEnumerable<byte> Protocols(ushort port, IpAddress address) =>
        port > 0 ? [IpProtocol.Tcp, IpProtocol.Udp] : [address.IsIpv4 ? IpProtocol.Icmp : IpProtocol.Icmpv6];

    private static string Name(byte protocol) => protocol switch
    {
        IpProtocol.Tcp => "tcp",
        IpProtocol.Udp => "udp",
        _ => "icmp",
    };

    private static string Shown(IReadOnlyList<PortRange> ranges) => ranges.Count == 0 ? "none" : ClientView.Ports(ranges);
}
