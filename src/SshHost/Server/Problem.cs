namespace Keyhole.SshHost;

/// <summary>An application/problem+json (RFC 9457).</summary>
/// <param name="Detail">The line for people.</param>
internal sealed record Problem(string Title, int Status, string Detail);
