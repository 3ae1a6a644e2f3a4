namespace Keyhole.SshHost;

/// <summary>The list of revoked certificates as it was last written.</summary>
/// <param name="Version">Greater with every list.</param>
/// <param name="Digest">Of what it revokes.</param>
internal sealed record Revocations(ulong Version, DateTimeOffset Made, string Digest);
