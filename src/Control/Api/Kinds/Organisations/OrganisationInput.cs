namespace Keyhole.Control;

internal sealed record OrganisationInput
{
    public required string Name { get; init; }
}
