namespace Keyhole.Tunnel;

/// <summary>Why transport data between two agents was not sent on.</summary>
public enum ForwardDropReason
{
    None,

    /// <summary>The last datagram of a run has a length that transport data cannot have.</summary>
    Malformed,

    /// <summary>The receiver has no confirmed address.</summary>
    NoAddress,

    /// <summary>The relay is overloaded, and the sender has had its share.</summary>
    Share,
}
