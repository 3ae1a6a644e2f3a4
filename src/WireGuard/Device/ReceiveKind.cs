namespace Keyhole.WireGuard;

/// <summary>What <see cref="Device.Receive(Span{byte}, in Packets.IpEndpoint, long)"/> made of a datagram.</summary>
public enum ReceiveKind
{
    /// <summary>Nothing: see the reason.</summary>
    Dropped,
    /// <summary>A handshake message or cookie reply, dealt with.</summary>
    Handshake,
    /// <summary>A transport message without a packet.</summary>
    Keepalive,
    /// <summary>A packet, at <see cref="ReceiveResult.Offset"/> of the datagram.</summary>
    Packet,
}
