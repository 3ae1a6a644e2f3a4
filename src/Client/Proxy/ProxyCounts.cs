namespace Keyhole.Client;

/// <summary>Counters of the proxy's local side, written by the data thread.</summary>
internal sealed class ProxyCounts
{
    /// <summary>Local connections that were accepted.</summary>
    public long Accepted { get; set; }

    /// <summary>Requests and datagrams to targets that were not granted.</summary>
    public long NotGranted { get; set; }

    /// <summary>Connections that did not give the right user and password.</summary>
    public long Unauthorised { get; set; }

    /// <summary>Connections that did not speak SOCKS5 or HTTP CONNECT, or not in time.</summary>
    public long Malformed { get; set; }

    /// <summary>Connections beyond the limit, and those for which the stack had no room.</summary>
    public long Busy { get; set; }

    /// <summary>Granted targets that refused, could not be reached or did not answer.</summary>
    public long Unreachable { get; set; }

    /// <summary>Datagrams that went nowhere: malformed, in fragments, or of somebody else than the one who asked for the association.</summary>
    public long DatagramsDropped { get; set; }

    /// <summary>Connections that were made outside the tunnel.</summary>
    public long Direct { get; set; }
}
