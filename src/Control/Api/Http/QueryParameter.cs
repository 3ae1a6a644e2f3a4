namespace Keyhole.Control;

/// <summary>A parameter behind the question mark, for the description of the interface.</summary>
internal sealed record QueryParameter(string Name, string Description, bool Number);
