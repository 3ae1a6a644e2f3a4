namespace Keyhole.Control;

/// <summary>An account as its user sees it.</summary>
internal sealed record AccountView(string Email, bool IsServerAdmin, IReadOnlyList<string> Organisations, bool HasPassword, bool HasTotp, int RecoveryCodesLeft, IReadOnlyList<PasskeyView> Passkeys);
