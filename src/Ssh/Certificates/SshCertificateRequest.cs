namespace Keyhole.Ssh;

/// <summary>What a certificate is to say.</summary>
/// <param name="Key">Whose holder it names.</param>
/// <param name="Serial">Greater than 0: a revocation list cannot name 0.</param>
/// <param name="KeyId">For logs.</param>
/// <param name="Principals">At least one: a certificate without any would stand for everybody.</param>
/// <param name="ValidAfter">Whole seconds count.</param>
/// <param name="ValidBefore">The first moment at which it is no longer valid; whole seconds count.</param>
/// <param name="Extensions">"permit-pty" and the like, in any order; none for a host.</param>
public sealed record SshCertificateRequest(
    SshPublicKey Key,
    SshCertificateType Type,
    ulong Serial,
    string KeyId,
    IReadOnlyList<string> Principals,
    DateTimeOffset ValidAfter,
    DateTimeOffset ValidBefore,
    IReadOnlyList<string> Extensions);
