namespace Keyhole.Control;

/// <summary>A login that nothing stands in the way of.</summary>
/// <param name="Connectors">Connected, the one to ask first in front.</param>
/// <param name="Key">The newest key of the CA that the host trusts.</param>
internal sealed record SshLogin(User User, Peer Device, Resource Resource, SshHost Host, SshAuthorityKey Key, IReadOnlyList<int> Connectors);
