namespace Keyhole.Control;

internal sealed record RelayDescription(string Name, ValueList<string> Endpoints, bool Gateway);
