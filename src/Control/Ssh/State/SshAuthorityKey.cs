using Keyhole.Ssh;

namespace Keyhole.Control;

/// <summary>One key of an organisation's CA.</summary>
/// <param name="Number">Counts upwards from the first.</param>
/// <param name="PublicKey">"ssh-ed25519 AAAA…".</param>
/// <param name="SealedPrivateKey">As <see cref="SshVault"/> sealed it.</param>
internal sealed record SshAuthorityKey(int Number, string PublicKey, string SealedPrivateKey, DateTimeOffset CreatedAt)
{
    /// <summary>As ssh-keygen -lf shows it: "SHA256:…".</summary>
    public string Fingerprint => SshPublicKey.Parse(PublicKey)!.Fingerprint;

    /// <summary>No secret reaches a log by way of a record.</summary>
    public override string ToString() => PublicKey;
}
