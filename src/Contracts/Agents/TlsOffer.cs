namespace Keyhole.Contracts;

/// <summary>A relay takes agents by TLS, too.</summary>
/// <param name="Port">Where it listens, TCP.</param>
/// <param name="Pin">SHA-256 of the certificate's SubjectPublicKeyInfo in base64, which is then all that agents trust; null for a certificate that hosts trust by its authorities.</param>
public sealed record TlsOffer(int Port, string? Pin);
