namespace Keyhole.Control;

internal sealed record Role(int Id, string Name) : INamed;
