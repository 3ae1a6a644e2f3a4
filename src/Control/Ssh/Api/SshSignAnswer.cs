namespace Keyhole.Control;

/// <summary>Everything that a login needs beside the private key.</summary>
/// <param name="Username">The account on the host.</param>
/// <param name="Certificate">As in a "-cert.pub" file.</param>
/// <param name="Resource">Its name.</param>
/// <param name="HostKeyAlias">The name that the host's certificate holds, whatever address is dialled.</param>
/// <param name="Overlay">The addresses by which the host is reached through the tunnel.</param>
/// <param name="HostAuthorities">The keys that the host's certificate may be signed with.</param>
/// <param name="HostKeys">The keys of the host that have a certificate.</param>
/// <param name="SealedPassword">What only the holder of the password key opens; null where none was asked for.</param>
internal sealed record SshSignAnswer(
    string Username,
    string Certificate,
    long Serial,
    DateTimeOffset ValidUntil,
    string Resource,
    string? Alias,
    string Destination,
    string HostKeyAlias,
    IReadOnlyList<string> Overlay,
    IReadOnlyList<string> HostAuthorities,
    IReadOnlyList<string> HostKeys,
    string? SealedPassword);
