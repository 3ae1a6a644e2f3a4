namespace Keyhole.Control;

/// <summary>Shown once: only a hash of the secret is kept.</summary>
internal sealed record CredentialAnswer(string Id, string Secret)
{
    /// <summary>Who follows the end of the key that only the old secret told; nobody where there was none.</summary>
    public EnforcementReport Enforcement { get; init; } = EnforcementReport.Nobody;
}
