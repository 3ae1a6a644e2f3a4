namespace Keyhole.Contracts;

/// <summary>An auth daemon on a host other than the connector's: HTTPS, with the pre-shared key that connector and daemon were given.</summary>
/// <param name="Host">The resource's destination: an address, or a name that the connector resolves.</param>
/// <param name="Port">TCP, usually 22123.</param>
/// <param name="Pin">SHA-256 of the certificate's SubjectPublicKeyInfo in base64; null until the daemon was met.</param>
public sealed record SshDaemon(string Host, int Port, string? Pin);
