namespace Keyhole.Control;

/// <summary>An account as its user sees it.</summary>
/// <param name="DisplayName">As the first of the organisations has it that has one.</param>
internal sealed record AccountView(
    string Email, string? DisplayName, bool IsServerAdmin, IReadOnlyList<string> Organisations, bool HasPassword, bool HasTotp, int RecoveryCodesLeft, IReadOnlyList<PasskeyView> Passkeys);
