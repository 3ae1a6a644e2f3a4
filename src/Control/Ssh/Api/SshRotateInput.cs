namespace Keyhole.Control;

internal sealed record SshRotateInput
{
    /// <summary>The fingerprint that the newest key is believed to have: of two who rotate at once only one does. Left out: whatever it is.</summary>
    public string? Newest { get; init; }
}
