namespace Keyhole.Control;

/// <param name="Retire">The fingerprint of the key to take away; null: add a key.</param>
/// <param name="Force">Retire also where a host trusts no newer key.</param>
internal sealed record SshKeyRequest(string? Retire, bool Force);
