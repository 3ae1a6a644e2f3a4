using System.Net;

namespace Keyhole.Control;

/// <summary>One try to log in, before anything is known about it.</summary>
/// <param name="Email">As typed; whether it exists makes no difference.</param>
/// <param name="Device">The proof that this account has logged in from this browser before, checked; else null.</param>
/// <param name="IsKnownAddress">The account has logged in from this address before.</param>
internal sealed record LoginAttempt(string Email, IPAddress Address, string? Device, bool IsKnownAddress);
