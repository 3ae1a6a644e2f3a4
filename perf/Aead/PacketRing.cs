using System.Runtime.InteropServices;
using Keyhole.Cryptography;

namespace Keyhole.Perf;

/// <summary>Packets of one size in native memory, laid out as a receive buffer has them: a slot each, text behind the 16 bytes of a header.</summary>
internal sealed unsafe class PacketRing
{
    internal const int PacketCount = 64;

    private const int SlotLength = 2048;
    private const int HeaderLength = 16;

    private readonly byte* _start = (byte*)NativeMemory.AlignedAlloc(PacketCount * SlotLength, 4096);

    internal PacketRing(int length)
    {
        Length = length;
        NativeMemory.Clear(_start, PacketCount * SlotLength);
        Plain = [.. Enumerable.Range(0, PacketCount).Select(i => new TransportPacket(Offset(i), length, (ulong)i))];
        Sealed = [.. Enumerable.Range(0, PacketCount).Select(i => new TransportPacket(Offset(i), length + TransportKey.TagLength, (ulong)i))];
    }

    /// <summary>Bytes of plaintext in each packet.</summary>
    internal int Length { get; }

    internal TransportPacket[] Plain { get; }

    internal TransportPacket[] Sealed { get; }

    internal Span<byte> Buffer => new(_start, PacketCount * SlotLength);

    internal byte* Text(int index) => _start + Offset(index);

    internal Span<byte> Room(int index) => new(Text(index), Length + TransportKey.TagLength);

    private static int Offset(int index) => (index * SlotLength) + HeaderLength;
}
