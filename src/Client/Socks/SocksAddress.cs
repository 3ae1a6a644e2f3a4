using System.Buffers.Binary;
using Keyhole.Packets;

namespace Keyhole.Client;

/// <summary>ATYP, address and port as SOCKS writes them (RFC 1928 section 5): a view of 1 + 4, 16 or 1 + name + 2 bytes.</summary>
internal readonly ref struct SocksAddress
{
    public const byte Ipv4 = 1;
    public const byte Domain = 3;
    public const byte Ipv6 = 4;

    /// <summary>Type, an IPv6 address and a port: the longest that <see cref="Write"/> makes.</summary>
    public const int MaximumWrittenLength = 1 + 16 + 2;

    private SocksAddress(IpAddress address, ReadOnlySpan<byte> name, ushort port, int length)
    {
        Address = address;
        Name = name;
        Port = port;
        Length = length;
    }

    /// <summary>Meaningless where there is a name.</summary>
    public IpAddress Address { get; }

    /// <summary>Printable ASCII; empty where there is an address.</summary>
    public ReadOnlySpan<byte> Name { get; }

    public ushort Port { get; }

    /// <summary>Bytes that it takes.</summary>
    public int Length { get; }

    /// <summary>Bytes that an address takes which begins like this; 0 while that cannot be told, -1 where the type is unknown.</summary>
    public static int LengthOf(ReadOnlySpan<byte> bytes) => bytes switch
    {
        [] => 0,
        [Ipv4, ..] => 1 + 4 + 2,
        [Ipv6, ..] => 1 + 16 + 2,
        [Domain] => 0,
        [Domain, var length, ..] => 1 + 1 + length + 2,
        _ => -1,
    };

    /// <summary>False when it is cut short, its type is unknown, or its name is empty or holds what no name holds.</summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out SocksAddress address)
    {
        address = default;
        int length = LengthOf(bytes);
        if (length <= 0 || bytes.Length < length)
            return false;
        ushort port = BinaryPrimitives.ReadUInt16BigEndian(bytes[(length - 2)..]);
        var body = bytes[1..(length - 2)];
        if (bytes[0] != Domain)
        {
            address = new SocksAddress(IpAddress.FromBytes(body), default, port, length);
            return true;
        }

        var name = body[1..];
        if (name.IsEmpty || name.IndexOfAnyExceptInRange((byte)0x21, (byte)0x7E) >= 0)
            return false;
        address = new SocksAddress(default, name, port, length);
        return true;
    }

    /// <summary>Writes an endpoint and returns how many bytes it took, at most <see cref="MaximumWrittenLength"/>.</summary>
    public static int Write(Span<byte> destination, in IpEndpoint endpoint)
    {
        destination[0] = endpoint.Address.IsIpv4 ? Ipv4 : Ipv6;
        int length = 1 + endpoint.Address.WriteTo(destination[1..]);
        BinaryPrimitives.WriteUInt16BigEndian(destination[length..], endpoint.Port);
        return length + 2;
    }
}
