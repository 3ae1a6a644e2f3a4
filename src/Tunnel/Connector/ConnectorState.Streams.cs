using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <remarks>What becomes of the TLS connections that <see cref="ConnectorOptions.Streams"/> was asked for.</remarks>
public sealed partial class ConnectorState
{
    /// <summary>The TLS connection that this endpoint stands for is open.</summary>
    public void StreamOpened(in IpEndpoint endpoint, long now) => _registrations.StreamOpened(endpoint, now);

    /// <summary>It has ended, or could not be had.</summary>
    public void StreamClosed(in IpEndpoint endpoint, long now) => _registrations.StreamClosed(endpoint, now);
}
