using System.Globalization;
using System.Text;

namespace Keyhole.Control;

/// <summary>Who reaches what and why, or the exact reason why not and what would change it.</summary>
/// <param name="Subject">"user alice@example.com", "machine ci", …</param>
/// <param name="Allowed">By identity, grant and port rule.</param>
/// <param name="Reachable">Allowed, and as far as Control has seen nothing stands in the way at the moment.</param>
/// <param name="Reason">Null when <paramref name="Reachable"/>.</param>
/// <param name="Fix">What the operator can do about the reason; null when <paramref name="Reachable"/>.</param>
/// <param name="Resource">What the target leads to; null when nothing does.</param>
/// <param name="GrantedBy">"machine ci", "role staff": the grants that apply.</param>
/// <param name="Clients">The devices of a user, or the client itself, with what they lack.</param>
/// <param name="Connectors">Those of the resource's site.</param>
internal sealed record Explanation(
    string Subject,
    string Target,
    bool Allowed,
    bool Reachable,
    string? Reason,
    string? Fix,
    ExplainedResource? Resource,
    IReadOnlyList<string> GrantedBy,
    IReadOnlyList<ExplainedClient> Clients,
    IReadOnlyList<ExplainedConnector> Connectors)
{
    /// <summary>Whether a login by SSH would work, for a user and a resource that people log in to: "works", or why not and what to do. Else null.</summary>
    public string? Ssh { get; init; }

    public string ToText()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{Subject} → {Target}: {(Reachable ? "reached" : Allowed ? "allowed, but not reached" : "not allowed")}\n");
        if (Reason is not null)
            text.Append(CultureInfo.InvariantCulture, $"  reason:    {Reason}\n  fix:       {Fix}\n");
        if (Resource is { } resource)
        {
            text.Append(CultureInfo.InvariantCulture, $"  resource:  {resource.Name} on {resource.Site}, {resource.Destination}");
            text.Append(CultureInfo.InvariantCulture, $" (TCP {Or(resource.Tcp)}, UDP {Or(resource.Udp)}, ping {(resource.Icmp ? "yes" : "no")})\n");
            text.Append(CultureInfo.InvariantCulture, $"  overlay:   {string.Join(", ", resource.Overlay)}{(resource.Alias is { } alias ? $", {alias}" : "")}\n");
        }

        if (GrantedBy.Count != 0)
            text.Append(CultureInfo.InvariantCulture, $"  granted:   to {string.Join(", ", GrantedBy)}\n");
        foreach (var client in Clients)
            text.Append(CultureInfo.InvariantCulture, $"  client:    {client.Name}, {string.Join(", ", client.Addresses)}{(client.Obstacle is { } obstacle ? $", {obstacle}" : "")}\n");
        foreach (var connector in Connectors)
            text.Append(CultureInfo.InvariantCulture, $"  connector: {connector.Name}, {connector.State}{(connector.Sessions.Count == 0 ? "" : $", sessions with {string.Join(", ", connector.Sessions)}")}\n");
        if (Ssh is not null)
            text.Append(CultureInfo.InvariantCulture, $"  ssh:       {Ssh}\n");
        return text.ToString();
    }

    private static string Or(string ports) => ports.Length == 0 ? "none" : ports;
}
