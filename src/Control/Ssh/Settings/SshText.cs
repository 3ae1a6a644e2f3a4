using System.Globalization;
using System.Text.Encodings.Web;
using Keyhole.Ssh;

namespace Keyhole.Control;

/// <summary><see cref="SshSettings"/> as network files and plans show them.</summary>
internal static class SshText
{
    /// <summary>"true" for the defaults, else "{ daemon: external, sudo: full }".</summary>
    public static string Format(SshSettings settings)
    {
        if (settings == SshSettings.Default)
            return "true";
        List<string?> parts =
        [
            settings.External ? "daemon: external" : null,
            settings.Port != SshSettings.DefaultPort ? string.Create(CultureInfo.InvariantCulture, $"port: {settings.Port}") : null,
            settings.Pin is { } pin ? $"pin: {Quote(pin)}" : null,
            settings.Sudo switch
            {
                SshSudoMode.Full => "sudo: full",
                SshSudoMode.Commands => $"sudo: {List(settings.SudoCommands)}",
                _ => null,
            },
            settings.Groups.Count != 0 ? $"groups: {List(settings.Groups)}" : null,
            settings.Shell is { } shell ? $"shell: {Quote(shell)}" : null,
            settings.Home is { } home ? $"home: {Quote(home)}" : null,
        ];
        return $"{{ {string.Join(", ", parts.OfType<string>())} }}";
    }

    /// <summary>What a message of a connector changed about a host.</summary>
    public static AuditEntry Audit(Actor actor, NetworkState from, NetworkState to, int resource) =>
        new(actor, "ssh-host", $"resource {NameOf(to, resource)}", Describe(from.Ssh.FindHost(resource)), Describe(to.Ssh.FindHost(resource)));

    public static string NameOf(NetworkState state, int resource) => state.Resources.FirstOrDefault(item => item.Id == resource)?.Name ?? "(removed)";

    /// <summary>"keys SHA256:…; trusts SHA256:…; pin …": null for a host that is not known.</summary>
    private static string? Describe(SshHost? host)
    {
        if (host is null)
            return null;
        List<string?> parts =
        [
            $"keys {Fingerprints(host.HostKeys)}",
            $"trusts {Fingerprints(host.Trusted)}",
            host.Pin is { } pin ? $"pin {pin}" : null,
            host.Offer is { } offer ? $"offers keys {Fingerprints(offer.HostKeys)}" : null,
            host.Offer?.Pin is { } offered ? $"offers pin {offered}" : null,
            host.Error is { } error ? $"error: {error}" : null,
        ];
        return string.Join("; ", parts.OfType<string>());
    }

    private static string Fingerprints(ValueList<string> keys) => keys.Count == 0 ? "none" : string.Join(", ", keys.Select(key => SshPublicKey.Parse(key)?.Fingerprint));

    private static string List(ValueList<string> values) => $"[{string.Join(", ", values.Select(Quote))}]";

    private static string Quote(string value) => $"\"{JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(value)}\"";
}
