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
/// <param name="HostKeyAlias">The name that the host's certificate must have.</param>
/// <param name="HostAuthorities">Who may have signed it.</param>
/// <param name="HostKeyTypes">Of the host's keys that have a certificate for this name; empty where that was not said.</param>
/// <param name="Password">What the account got; null where none was asked for.</param>
internal sealed record SignedKey(
    SshCertificate Certificate,
    string Username,
    string Resource,
    string? Alias,
    string Destination,
    IReadOnlyList<IPAddress> Overlay,
    string HostKeyAlias,
    IReadOnlyList<SshPublicKey> HostAuthorities,
    IReadOnlyList<string> HostKeyTypes,
    string? Password)
{
    /// <summary>What a person calls the host.</summary>
    public string Name => Alias ?? Resource;

    /// <summary>What a known_hosts file says of the host: whoever has a certificate of the organisation with the right name, and nobody else.</summary>
    public string KnownHosts => string.Concat(HostAuthorities.Select(authority => $"@cert-authority {HostKeyAlias} {authority}\n"));

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
        if (certificate is null || !certificate.Key.Equals(key) || certificate.Type != SshCertificateType.User || certificate.Principals.Count == 0 || authorities.Count == 0
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
            certificate, username, resource, alias, destination, [.. (answer["overlay"] as JsonArray ?? []).Select(address => IPAddress.Parse((string?)address ?? ""))], hostKeyAlias, authorities!, [.. hostKeys.Select(hostKey => hostKey!.Type).Distinct()],
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
