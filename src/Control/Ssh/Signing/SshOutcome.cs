namespace Keyhole.Control;

/// <param name="Account">Of an answer; null where it is an error.</param>
/// <param name="Error">Of an answer: one line for the person who wants to log in.</param>
internal sealed record SshOutcome(SshOutcomeKind Kind, SshAccount? Account = null, string? Error = null);
