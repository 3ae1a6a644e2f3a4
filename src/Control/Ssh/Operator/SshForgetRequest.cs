namespace Keyhole.Control;

/// <param name="Name">A resource's name or alias.</param>
/// <param name="Keys">The fingerprints of the keys that are taken.</param>
internal sealed record SshForgetRequest(string Name, IReadOnlyList<string> Keys);
