namespace Keyhole.Control;

/// <summary>The only answer that holds the link: Control sends no mail, and keeps a hash of its secret.</summary>
/// <param name="Link">To be handed to the one who is invited.</param>
internal sealed record InvitationMade(InvitationView Item, string Link);
