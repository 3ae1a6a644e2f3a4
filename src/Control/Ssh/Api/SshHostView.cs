using Keyhole.Ssh;

namespace Keyhole.Control;

/// <summary>A resource that people log in to, as its host has shown itself.</summary>
/// <param name="Resource">Its name.</param>
/// <param name="Daemon">"connector" or "external".</param>
/// <param name="Connector">The one that met the host last; null while none has.</param>
/// <param name="HostKeys">Fingerprints of the keys that are enrolled.</param>
/// <param name="HostKeyAlias">The name in its certificates by which clients know it; empty until it was met.</param>
/// <param name="Trusted">Fingerprints of the CA keys in force there.</param>
/// <param name="OfferedKeys">Fingerprints of keys that it shows and that were not taken.</param>
/// <param name="LastContact">When a connector last told something of it; null while none has.</param>
/// <param name="Error">Why nobody can log in; null where everything is good.</param>
internal sealed record SshHostView(
    string Resource,
    string? Alias,
    string Destination,
    string Daemon,
    string? Connector,
    IReadOnlyList<string> HostKeys,
    string HostKeyAlias,
    DateTimeOffset? CertificatesUntil,
    IReadOnlyList<string> Trusted,
    string? Pin,
    IReadOnlyList<string> OfferedKeys,
    DateTimeOffset? LastContact,
    string? Error)
{
    public static IReadOnlyList<SshHostView> All(NetworkState state, AgentHub hub) =>
        [.. state.Resources.Where(resource => resource.Ssh is not null).OrderBy(resource => resource.Name, Names.Comparer).Select(resource => Of(state, resource, hub))];

    private static SshHostView Of(NetworkState state, Resource resource, AgentHub hub)
    {
        var host = state.Ssh.FindHost(resource.Id);
        var told = hub.SshContactOf(resource.Id);
        return new SshHostView(
            resource.Name,
            resource.Alias,
            resource.Destination.Text,
            resource.Ssh!.External ? "external" : "connector",
            host is null ? null : state.Peers.FirstOrDefault(peer => peer.Id == host.Connector)?.Name,
            Fingerprints(host?.HostKeys),
            state.Ssh.Authority is { } authority && host is not null ? SshNames.HostKeyAlias(authority, host) : "",
            host?.CertificatesEnd,
            Fingerprints(host?.Trusted),
            resource.Ssh.Pin ?? host?.Pin,
            Fingerprints(host?.Offer?.HostKeys),
            told > host?.ContactAt || host is null ? told : host.ContactAt,
            host is null || (host.HostKeys.Count == 0 && host.Error is null) ? "The auth daemon was not met yet." : host.Error);
    }

    private static IReadOnlyList<string> Fingerprints(ValueList<string>? keys) => keys is null ? [] : [.. keys.Select(key => SshPublicKey.Parse(key)?.Fingerprint).OfType<string>()];
}
