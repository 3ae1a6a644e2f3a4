namespace Keyhole.Tunnel;

/// <summary>What carries the datagrams between an agent and a relay.</summary>
public enum RelayTransport
{
    Udp,

    /// <summary>A TLS connection, since UDP was not answered.</summary>
    Tls,
}
