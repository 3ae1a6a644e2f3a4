namespace Keyhole.Control;

/// <param name="Text">What was done, for the operator.</param>
/// <param name="Link">Opens the page that sets a password, once; null where none was made.</param>
internal sealed record RescueAnswer(string Text, string? Link);
