namespace Keyhole.Control;

internal sealed record SshHostsAnswer(IReadOnlyList<SshHostView> Hosts);
