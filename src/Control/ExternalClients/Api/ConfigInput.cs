namespace Keyhole.Control;

internal sealed record ConfigInput
{
    /// <summary>Make new keys: a configuration that was shown before stops working.</summary>
    public bool? NewKey { get; init; }
}
