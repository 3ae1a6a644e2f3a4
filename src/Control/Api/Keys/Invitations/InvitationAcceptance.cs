namespace Keyhole.Control;

internal sealed record InvitationAcceptance
{
    /// <summary>The last part of the link.</summary>
    public required string Token { get; init; }
}
