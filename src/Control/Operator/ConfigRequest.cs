namespace Keyhole.Control;

internal sealed record ConfigRequest(string Name, bool NewKey);
