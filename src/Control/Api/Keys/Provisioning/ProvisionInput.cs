namespace Keyhole.Control;

internal sealed record ProvisionInput
{
    public required string Key { get; init; }

    /// <summary>What it wants to be called; with a number behind it when that name is taken. The key's name where it is left out.</summary>
    public string? Name { get; init; }
}
