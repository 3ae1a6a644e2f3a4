using System.Buffers.Binary;

namespace Keyhole.Fuzz;

/// <summary>Reads an input as a program: operations and their operands. Past the end everything is 0.</summary>
internal ref struct OperationReader(Span<byte> input)
{
    private Span<byte> _rest = input;

    public readonly bool IsEmpty => _rest.IsEmpty;

    public byte Byte()
    {
        if (_rest.IsEmpty)
            return 0;
        byte value = _rest[0];
        _rest = _rest[1..];
        return value;
    }

    public ushort UInt16()
    {
        byte high = Byte();
        return (ushort)(high << 8 | Byte());
    }

    /// <summary>Below <paramref name="limit"/>.</summary>
    public int Below(int limit) => UInt16() % limit;

    /// <summary>Bytes with their length in front; as they lie in the input, so those at its end touch the unmapped page.</summary>
    public Span<byte> Block()
    {
        int length = Math.Min(UInt16(), _rest.Length);
        var block = _rest[..length];
        _rest = _rest[length..];
        return block;
    }

    public Span<byte> Rest()
    {
        var rest = _rest;
        _rest = default;
        return rest;
    }

    /// <summary>Writes a block as <see cref="Block"/> reads it.</summary>
    public static byte[] WriteBlock(ReadOnlySpan<byte> bytes)
    {
        byte[] block = new byte[2 + bytes.Length];
        BinaryPrimitives.WriteUInt16BigEndian(block, (ushort)bytes.Length);
        bytes.CopyTo(block.AsSpan(2));
        return block;
    }
}
