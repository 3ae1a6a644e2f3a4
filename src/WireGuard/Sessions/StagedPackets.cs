namespace Keyhole.WireGuard;

/// <summary>Packets of one peer that wait for a session, each in a buffer with room to be sealed in place.</summary>
internal sealed class StagedPackets
{
    private readonly Queue<StagedPacket> _packets = new();

    public int Count => _packets.Count;

    /// <summary>Copies the packet and returns the bytes that it takes.</summary>
    public int Add(ReadOnlySpan<byte> packet)
    {
        byte[] buffer = new byte[BufferLength(packet.Length)];
        packet.CopyTo(buffer.AsSpan(TransportMessage.PacketOffset));
        _packets.Enqueue(new StagedPacket(buffer, packet.Length));
        return buffer.Length;
    }

    /// <summary>Room to seal a packet of this length whatever the MTU will be.</summary>
    public static int BufferLength(int length) => TransportMessage.PaddedLength(length, int.MaxValue) + TransportMessage.Overhead;

    public bool TryTake(out StagedPacket packet) => _packets.TryDequeue(out packet);
}
