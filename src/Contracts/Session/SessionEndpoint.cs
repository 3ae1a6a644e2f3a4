using System.Buffers.Binary;

namespace Keyhole.Contracts;

/// <summary>A UDP address in a control message: 16 bytes of IPv6, or of IPv4 in its mapped form (RFC 4291 section 2.5.5.2), then the port. Port 0 stands for none.</summary>
/// <param name="High">First eight bytes of the address, big endian.</param>
/// <param name="Low">Last eight bytes.</param>
public readonly record struct SessionEndpoint(ulong High, ulong Low, ushort Port)
{
    /// <summary>Bytes in a message.</summary>
    public const int Length = 18;

    public bool IsNone => Port == 0;

    internal static SessionEndpoint Read(ReadOnlySpan<byte> source) =>
        new(BinaryPrimitives.ReadUInt64BigEndian(source), BinaryPrimitives.ReadUInt64BigEndian(source[8..]), BinaryPrimitives.ReadUInt16BigEndian(source[16..]));

    internal void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, High);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], Low);
        BinaryPrimitives.WriteUInt16BigEndian(destination[16..], Port);
    }
}
