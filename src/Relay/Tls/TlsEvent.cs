namespace Keyhole.Relay;

/// <summary>What can happen to a TCP connection.</summary>
internal enum TlsEvent
{
    /// <summary>It was accepted by the system.</summary>
    Accepted,

    /// <summary>Closed at once: too many of its source, or in all, or too many handshakes in this second.</summary>
    Refused,

    /// <summary>It did not begin with TLS, or with more than is looked at.</summary>
    NotTls,

    /// <summary>It did not say all that is due within its time.</summary>
    TimedOut,

    /// <summary>The TLS handshake failed.</summary>
    HandshakeFailed,

    /// <summary>A TLS connection of an agent began.</summary>
    Opened,

    /// <summary>It carried something else than datagrams.</summary>
    Broken,

    /// <summary>No agent has confirmed it as its address within its time, before it had brought too much, or any more.</summary>
    Unproven,

    /// <summary>The other end took nothing for too long.</summary>
    Stuck,

    /// <summary>Another protocol than ours, handed to the fallback.</summary>
    Spliced,

    /// <summary>Another protocol than ours, in which nothing moved for too long.</summary>
    Idle,

    /// <summary>Another protocol than ours, and no fallback that takes it.</summary>
    NoFallback,
}
