namespace Keyhole.Control;

/// <param name="Error">One line for the operator.</param>
internal sealed record ErrorAnswer(string Error);
