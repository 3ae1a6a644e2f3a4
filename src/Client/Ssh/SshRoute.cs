namespace Keyhole.Client;

/// <summary>The way to a host.</summary>
/// <param name="Host">An address, or a name that whoever dials resolves.</param>
/// <param name="ProxyDirectory">The data directory of the client in proxy mode that dials; null where this machine has a route.</param>
internal sealed record SshRoute(string Host, string? ProxyDirectory);
