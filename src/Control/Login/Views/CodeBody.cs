namespace Keyhole.Control;

/// <summary>The body that shows a one-time code.</summary>
internal sealed record CodeBody(string Code);
