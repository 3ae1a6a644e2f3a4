namespace Keyhole.Control;

internal sealed record EmailInput
{
    /// <summary>The new address.</summary>
    public required string Email { get; init; }
}
