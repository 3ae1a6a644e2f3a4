namespace Keyhole.Control;

internal sealed record CredentialInput
{
    /// <summary>For so long the secrets that the agent has stay good beside the new one; 0 ends them now.</summary>
    public int? OverlapSeconds { get; init; }
}
