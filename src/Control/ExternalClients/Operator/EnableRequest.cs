namespace Keyhole.Control;

internal sealed record EnableRequest(string Name, bool Enabled);
