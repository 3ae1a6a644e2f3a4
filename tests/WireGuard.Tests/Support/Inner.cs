using System.Buffers.Binary;
using Keyhole.Packets;

namespace Keyhole.WireGuard.Tests;

/// <summary>Inner packets: an IP header that says enough for cryptokey routing, then the payload.</summary>
internal static class Inner
{
    public static byte[] Packet(IpAddress source, IpAddress destination, ReadOnlySpan<byte> payload)
    {
        byte[] packet = new byte[(source.IsIpv4 ? 20 : 40) + payload.Length];
        if (source.IsIpv4)
        {
            packet[0] = 0x45;
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)packet.Length);
            source.WriteTo(packet.AsSpan(12));
            destination.WriteTo(packet.AsSpan(16));
        }
        else
        {
            packet[0] = 0x60;
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), (ushort)payload.Length);
            source.WriteTo(packet.AsSpan(8));
            destination.WriteTo(packet.AsSpan(24));
        }

        payload.CopyTo(packet.AsSpan(packet.Length - payload.Length));
        return packet;
    }

    /// <summary>Seals a packet; the datagram, or null when it was staged or dropped.</summary>
    public static byte[]? Seal(Device device, Peer peer, ReadOnlySpan<byte> packet, long now, out SealResult result)
    {
        byte[] buffer = new byte[packet.Length + 64];
        packet.CopyTo(buffer.AsSpan(16));
        result = device.Seal(peer, buffer, packet.Length, now);
        return result.Kind == SealKind.Sealed ? buffer[..result.Length] : null;
    }
}
