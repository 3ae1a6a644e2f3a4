namespace Keyhole.Control;

/// <summary>An account as the operator sees it.</summary>
/// <param name="SecondFactor">One-time codes are on.</param>
internal sealed record AccountLine(string Email, bool IsServerAdmin, bool HasPassword, bool SecondFactor, int Passkeys, int Sessions, IReadOnlyList<string> Organisations);
