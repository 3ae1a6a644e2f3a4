namespace Keyhole.Control;

/// <summary>Shown once: only a hash of the secret is kept.</summary>
internal sealed record CredentialAnswer(string Id, string Secret);
