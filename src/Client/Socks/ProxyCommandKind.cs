namespace Keyhole.Client;

/// <summary>What a client of the proxy wants (RFC 1928 section 4).</summary>
internal enum ProxyCommandKind
{
    /// <summary>A TCP connection to the target.</summary>
    Connect,

    /// <summary>Datagrams to any targets, through a socket of its own.</summary>
    UdpAssociate,
}
