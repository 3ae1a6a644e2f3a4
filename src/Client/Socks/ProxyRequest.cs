namespace Keyhole.Client;

/// <summary>A request that was understood. For <see cref="ProxyCommandKind.UdpAssociate"/> the target is where the client will send from, 0 for unknown.</summary>
internal readonly record struct ProxyRequest(ProxyCommandKind Command, ProxyTarget Target);
