namespace Keyhole.WireGuard;

/// <summary>A packet at <see cref="TransportMessage.PacketOffset"/> of its own buffer.</summary>
internal readonly record struct StagedPacket(byte[] Buffer, int Length);
