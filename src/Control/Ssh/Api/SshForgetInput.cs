namespace Keyhole.Control;

internal sealed record SshForgetInput
{
    /// <summary>The fingerprints in "offeredKeys" of the host: what was looked at is what is taken. Left out where there are none.</summary>
    public IReadOnlyList<string> Keys { get; init; } = [];
}
