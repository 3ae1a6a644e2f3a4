namespace Keyhole.Control;

/// <param name="Config">The whole file.</param>
/// <param name="Notes">What the operator should know, for standard error.</param>
internal sealed record ConfigAnswer(string Config, IReadOnlyList<string> Notes);
