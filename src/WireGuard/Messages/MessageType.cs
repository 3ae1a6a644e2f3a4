namespace Keyhole.WireGuard;

/// <summary>The first byte of a WireGuard datagram (paper section 5.4); the three bytes after it are zero.</summary>
public enum MessageType : byte
{
    None = 0,
    HandshakeInitiation = 1,
    HandshakeResponse = 2,
    CookieReply = 3,
    TransportData = 4,
}
