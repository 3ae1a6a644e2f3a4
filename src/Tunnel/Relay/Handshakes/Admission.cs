namespace Keyhole.Tunnel;

/// <summary>What a responder's guard says to an initiation.</summary>
internal enum Admission
{
    Admitted,

    /// <summary>The responder is under load: it answers those only who show that they receive where they send from.</summary>
    CookieRequired,

    /// <summary>The responder's share of initiations is used up.</summary>
    Refused,
}
