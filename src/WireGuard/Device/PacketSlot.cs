namespace Keyhole.WireGuard;

/// <summary>One packet of a batch that is to be sealed in one buffer.</summary>
/// <param name="Offset">Of the datagram's first byte in the buffer; the packet stands 16 bytes after it, with room for padding and tag behind.</param>
/// <param name="Length">Of the packet.</param>
public readonly record struct PacketSlot(int Offset, int Length);
