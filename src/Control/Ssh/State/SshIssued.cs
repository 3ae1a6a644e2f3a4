namespace Keyhole.Control;

/// <summary>A certificate of a person that may still be valid.</summary>
/// <param name="Revoked">Set when the access that it was given for went away; it stays.</param>
internal sealed record SshIssued(long Serial, int User, int Device, int Resource, DateTimeOffset ValidUntil, bool Revoked);
