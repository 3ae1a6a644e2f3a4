namespace Keyhole.Control;

/// <param name="Config">The whole file.</param>
/// <param name="HasPrivateKey">Whether the private key stands in it, which is shown once.</param>
/// <param name="Notes">What the operator should know, for standard error.</param>
internal sealed record ConfigAnswer(string Config, bool HasPrivateKey, IReadOnlyList<string> Notes);
