using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Keyhole.Agent;
using Keyhole.Contracts;
using Keyhole.Ssh;

namespace Keyhole.Client;

/// <summary>What Control answered to a key that it signed, held against what was asked for. Nothing in it can be taken for an option by another program.</summary>
/// <param name="Username">Of the account on the host.</param>
/// <param name="Resource">Its name.</param>
/// <param name="Alias">Null where it has none.</param>
/// <param name="Destination">The host as its site knows it.</param>
/// <param name="Overlay">The host's addresses in the tunnel; empty where they were not said.</param>
/// <param name="HostKeyAlias">The name by which the host is known, whatever address is dialled; it is in the host's certificates, too.</param>
/// <param name="HostKeys">The keys of the host that were enrolled: at least one.</param>
/// <param name="HostAuthorities">Who has signed the host's certificates.</param>
/// <param name="Password">What the account got; null where none was asked for.</param>
internal sealed record SignedKey(
    SshCertificate Certificate,
    string Username,
    string Resource,
    string? Alias,
    string Destination,
    IReadOnlyList<IPAddress> Overlay,
    string HostKeyAlias,
    IReadOnlyList<SshPublicKey> HostKeys,
    IReadOnlyList<SshPublicKey> HostAuthorities,
    string? Password)
{
    /// <summary>What a person calls the host.</summary>
    public string Name => Alias ?? Resource;

    /// <summary>
    /// A known_hosts file for the login that the answer came for: the keys of the host as they are now, and nobody else. Its certificates say the same, but go on saying it for
    /// a key that was taken from it.
    /// </summary>
    public string KnownHosts => string.Concat(HostKeys.Select(key => $"{HostKeyAlias} {key}\n"));

    /// <summary>A known_hosts file that stays right: whoever has a certificate of the organisation with the host's name, and nobody else. A host that was forgotten had another name.</summary>
    public string KnownAuthorities => string.Concat(HostAuthorities.Select(authority => $"@cert-authority {HostKeyAlias} {authority}\n"));

    /// <param name="key">That was to be signed.</param>
    /// <param name="password">Who may read the password; null where none was asked for.</param>
    /// <exception cref="AgentException">It is not an answer to that.</exception>
    public static SignedKey From(JsonObject answer, SshPublicKey key, SealedBox.Recipient? password)
    {
        try
        {
            return Read(answer, key, password) ?? throw new AgentException("Control's answer is not a certificate for this key: is it of another version?");
        }
        catch (Exception e) when (e is InvalidOperationException or FormatException)
        {
            throw new AgentException("Control's answer cannot be read: is it of another version?", e);
        }
    }

    private static SignedKey? Read(JsonObject answer, SshPublicKey key, SealedBox.Recipient? password)
    {
        var certificate = SshCertificate.Parse((string?)answer["certificate"]);
        List<SshPublicKey?> authorities = Keys(answer, "hostAuthorities"), hostKeys = Keys(answer, "hostKeys");
        if (certificate is null || !certificate.Key.Equals(key) || certificate.Type != SshCertificateType.User || certificate.Principals.Count == 0 || authorities.Count == 0 || hostKeys.Count == 0
            || authorities.Contains(null) || hostKeys.Contains(null))
            return null;
        if ((string?)answer["username"] is not { } username || !SshAccount.IsName(username) || (string?)answer["resource"] is not { } resource || !SshTarget.IsHost(resource)
            || (string?)answer["destination"] is not { } destination || !SshTarget.IsHost(destination))
            return null;
        string? alias = (string?)answer["alias"];
        string hostKeyAlias = (string?)answer["hostKeyAlias"] ?? alias ?? resource;
        if (!SshTarget.IsHost(alias ?? resource) || !SshTarget.IsHost(hostKeyAlias))
            return null;
        return new SignedKey(
            certificate, username, resource, alias, destination, [.. (answer["overlay"] as JsonArray ?? []).Select(address => IPAddress.Parse((string?)address ?? ""))], hostKeyAlias, hostKeys!, authorities!,
            password is null ? null : Open(password, (string?)answer["sealedPassword"]));
    }

    private static List<SshPublicKey?> Keys(JsonObject answer, string name) => [.. (answer[name] as JsonArray ?? []).Select(line => SshPublicKey.Parse((string?)line))];

    private static string Open(SealedBox.Recipient recipient, string? text)
    {
        byte[]? password = recipient.Open(text ?? "");
        return password is { Length: > 0 } && password.All(letter => letter is > 0x20 and < 0x7F)
            ? Encoding.ASCII.GetString(password)
            : throw new AgentException("A password was asked for, and none came that this program can read: run it again, or without --generate-random-password.");
    }
}
