namespace Keyhole.Control;

/// <param name="Text">The same for people.</param>
internal sealed record ExplainAnswer(Explanation Explanation, string Text);
