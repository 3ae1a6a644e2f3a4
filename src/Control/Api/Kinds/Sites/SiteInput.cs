namespace Keyhole.Control;

internal sealed record SiteInput
{
    public required string Name { get; init; }
}
