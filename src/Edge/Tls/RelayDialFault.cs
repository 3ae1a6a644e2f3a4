namespace Keyhole.Edge;

/// <summary>What answers where a relay should, and is none that may be used.</summary>
public enum RelayDialFault
{
    /// <summary>It shows a key that is not the relay's.</summary>
    OtherKey,

    /// <summary>It speaks TLS, and not the relay's protocol.</summary>
    NotRelay,
}
