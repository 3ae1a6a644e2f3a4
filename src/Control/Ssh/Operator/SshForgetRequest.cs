namespace Keyhole.Control;

/// <param name="Name">A resource's name or alias.</param>
internal sealed record SshForgetRequest(string Name);
