namespace Keyhole.Control;

/// <param name="Email">The address of an account.</param>
/// <param name="Next">The one that it gets.</param>
internal sealed record EmailRequest(string Email, string Next);
