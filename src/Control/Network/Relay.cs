namespace Keyhole.Control;

internal sealed record Relay(int Id, string Name, ValueList<string> Endpoints, bool Gateway, string? PublicKey = null) : INamed;
