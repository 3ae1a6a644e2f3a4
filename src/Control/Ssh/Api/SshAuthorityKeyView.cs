namespace Keyhole.Control;

/// <param name="Fingerprint">As ssh-keygen -lf shows it: "SHA256:…".</param>
/// <param name="PublicKey">For TrustedUserCAKeys, and behind @cert-authority in known_hosts.</param>
/// <param name="TrustedBy">The resources whose hosts have it in force.</param>
internal sealed record SshAuthorityKeyView(string Fingerprint, string PublicKey, DateTimeOffset CreatedAt, IReadOnlyList<string> TrustedBy);
