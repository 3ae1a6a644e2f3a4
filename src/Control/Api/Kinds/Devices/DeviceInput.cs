namespace Keyhole.Control;

/// <summary>A device enrols: its private key never leaves it.</summary>
internal sealed record DeviceInput
{
    public required string Name { get; init; }

    public required string PublicKey { get; init; }
}
