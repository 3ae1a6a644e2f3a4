using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <remarks>The relay in use, and what becomes of the TLS connections that <see cref="ClientOptions.Streams"/> was asked for.</remarks>
public sealed partial class ClientState
{
    /// <summary>The name of the relay that is used; null while none answers.</summary>
    public string? CurrentRelay => _registrations.Live?.Row.Name;

    /// <summary>The TLS connection that this endpoint stands for is open.</summary>
    public void StreamOpened(in IpEndpoint endpoint, long now) => _registrations.StreamOpened(endpoint, now);

    /// <summary>It has ended, or could not be had.</summary>
    public void StreamClosed(in IpEndpoint endpoint, long now) => _registrations.StreamClosed(endpoint, now);
}
