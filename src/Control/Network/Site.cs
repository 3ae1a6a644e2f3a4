namespace Keyhole.Control;

internal sealed record Site(int Id, string Name) : INamed;
