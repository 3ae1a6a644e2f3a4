namespace Keyhole.WireGuard;

/// <summary>What <see cref="Device.Seal(Peer, Span{byte}, int, long)"/> made of a packet.</summary>
public enum SealKind
{
    /// <summary>Nothing: see the reason.</summary>
    Dropped,
    /// <summary>The buffer now holds a datagram, which the caller sends.</summary>
    Sealed,
    /// <summary>Copied; it leaves by itself once the handshake that was started completes.</summary>
    Staged,
}
