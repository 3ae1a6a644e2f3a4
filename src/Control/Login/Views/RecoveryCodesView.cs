namespace Keyhole.Control;

/// <summary>Recovery codes, shown once.</summary>
internal sealed record RecoveryCodesView(IReadOnlyList<string> RecoveryCodes);
