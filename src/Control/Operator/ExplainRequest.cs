namespace Keyhole.Control;

/// <param name="Subject">See <see cref="ExplainSubject.Fix"/>.</param>
/// <param name="Target">See <see cref="ExplainTarget.Fix"/>.</param>
internal sealed record ExplainRequest(string Subject, string Target);
