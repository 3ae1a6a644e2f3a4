using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Keyhole.Packets;

namespace Keyhole.Net;

/// <summary>
/// One request of rtnetlink(7): a header of 16 bytes, a fixed part, attributes, each padded to 4 bytes. Numbers are in the order of the host, addresses
/// in that of the network.
/// </summary>
internal ref struct RouteMessage
{
    public const int HeaderLength = 16;
    private const int AttributeHeaderLength = 4;

    private readonly Span<byte> _buffer;
    private int _length;

    /// <param name="buffer">Holds the whole message; 256 bytes are ample.</param>
    /// <param name="body">The fixed part that the type demands.</param>
    public RouteMessage(Span<byte> buffer, ushort type, ushort flags, ReadOnlySpan<byte> body)
    {
        buffer.Clear();
        _buffer = buffer;
        MemoryMarshal.Write(buffer[4..], type);
        MemoryMarshal.Write(buffer[6..], flags);
        body.CopyTo(buffer[HeaderLength..]);
        _length = HeaderLength + Align(body.Length);
    }

    public void Add(ushort attribute, scoped ReadOnlySpan<byte> value)
    {
        var target = _buffer[_length..];
        MemoryMarshal.Write(target, (ushort)(AttributeHeaderLength + value.Length));
        MemoryMarshal.Write(target[2..], attribute);
        value.CopyTo(target[AttributeHeaderLength..]);
        _length += Align(AttributeHeaderLength + value.Length);
    }

    public void Add(ushort attribute, uint value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        MemoryMarshal.Write(bytes, value);
        Add(attribute, bytes);
    }

    public void Add(ushort attribute, IpAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        Add(attribute, bytes[..WriteAddress(address, bytes)]);
    }

    /// <summary>Writes the length and the number by which the answer is known.</summary>
    public readonly ReadOnlySpan<byte> Finish(uint sequence)
    {
        MemoryMarshal.Write(_buffer, (uint)_length);
        MemoryMarshal.Write(_buffer[8..], sequence);
        return _buffer[.._length];
    }

    private static int WriteAddress(IpAddress address, Span<byte> bytes)
    {
        if (address.IsIpv4)
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes, address.Ipv4);
            return 4;
        }

        BinaryPrimitives.WriteUInt64BigEndian(bytes, address.High);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], address.Low);
        return 16;
    }

    private static int Align(int length) => (length + 3) & ~3;
}
