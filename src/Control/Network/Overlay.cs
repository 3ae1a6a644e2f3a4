using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Keyhole.Control;

/// <summary>
/// The address plan of the overlay. IPv4: clients in 100.64.0.0/11, resources in 100.96.0.0/11. IPv6, below the organisation's
/// /48: subnet 1 clients, subnet 2 resources of up to 32 host bits, subnets from 0x100 one each for larger ones. The first 256
/// addresses of every range and the subnets between are kept for the relay's own services.
/// </summary>
internal static class Overlay
{
    public const int MaximumIpv4HostBits = 8;
    public const int MaximumIpv6HostBits = 64;
    public const int MaximumSharedSubnetHostBits = 32;
    public const long FirstOffset = 256;
    public const long ClientEnd = 1L << 21;
    public const long ResourceIpv4End = 1L << 21;
    public const long ResourceIpv6End = 1L << 62;
    public const long FirstResourceSubnet = 0x100;
    public const long ResourceSubnetEnd = 0x10000;
    public const int OrganisationPrefixLength = 48;

    // Of the name server, below the first offset: 100.64.0.53, and …:1::53.
    private const long NameServerIpv4Offset = 53;
    private const long NameServerIpv6Offset = 0x53;

    private const uint Ipv4Base = 0x6440_0000;
    private const uint ResourceIpv4Base = 0x6460_0000;
    private const int SubnetShift = 64;

    public static IPNetwork Ipv4 { get; } = IPNetwork.Parse("100.64.0.0/10");

    public static IPAddress ClientIpv4(long offset) => FromIpv4(Ipv4Base + (uint)offset);

    public static IPAddress ClientIpv6(UInt128 organisation, long offset) => FromUInt128(organisation | ((UInt128)1 << SubnetShift) | (ulong)offset);

    /// <summary>Where stock apps ask for names, at every relay.</summary>
    public static IReadOnlyList<IPAddress> NameServers(UInt128 organisation) => [ClientIpv4(NameServerIpv4Offset), ClientIpv6(organisation, NameServerIpv6Offset)];

    public static IPNetwork ResourceIpv4(long offset, int hostBits) => new(FromIpv4(ResourceIpv4Base + (uint)offset), 32 - hostBits);

    public static IPNetwork ResourceIpv6(UInt128 organisation, long offset, int hostBits) =>
        new(FromUInt128(organisation | ((UInt128)2 << SubnetShift) | (ulong)offset), 128 - hostBits);

    public static IPNetwork ResourceSubnet(UInt128 organisation, long subnet, int hostBits) =>
        new(FromUInt128(organisation | ((UInt128)(ulong)subnet << SubnetShift)), 128 - hostBits);

    public static IPNetwork Organisation(UInt128 organisation) => new(FromUInt128(organisation), OrganisationPrefixLength);

    /// <summary>The offset of a client's IPv4 address, or a negative number when it is outside of the clients' range.</summary>
    public static long ClientOffset(IPAddress ipv4)
    {
        long offset = (long)ToIpv4(ipv4) - Ipv4Base;
        return offset is >= FirstOffset and < ClientEnd ? offset : -1;
    }

    /// <summary>The offset of a client's IPv6 address, or a negative number when it is outside of the clients' range.</summary>
    public static long ClientOffset(UInt128 organisation, IPAddress ipv6)
    {
        UInt128 offset = ToUInt128(ipv6) - (organisation | ((UInt128)1 << SubnetShift));
        return offset >= (ulong)FirstOffset && offset < (ulong)ClientEnd ? (long)offset : -1;
    }

    public static long ResourceOffset(IPNetwork ipv4) => (long)ToIpv4(ipv4.BaseAddress) - ResourceIpv4Base;

    /// <summary>The low 64 bits: the offset within subnet 2.</summary>
    public static long ResourceOffsetIpv6(IPNetwork ipv6) => (long)(ulong)ToUInt128(ipv6.BaseAddress);

    /// <summary>The 16 bits between the organisation's prefix and the interface identifier.</summary>
    public static long SubnetOf(IPNetwork ipv6) => (long)(ulong)(ToUInt128(ipv6.BaseAddress) >> SubnetShift & 0xFFFF);

    public static int BitLength(IPAddress address) => address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128;

    public static bool Overlaps(IPNetwork left, IPNetwork right) =>
        left.BaseAddress.AddressFamily == right.BaseAddress.AddressFamily
        && (left.Contains(right.BaseAddress) || right.Contains(left.BaseAddress));

    public static UInt128 ToUInt128(IPAddress ipv6) => BinaryPrimitives.ReadUInt128BigEndian(ipv6.GetAddressBytes());

    public static IPAddress FromUInt128(UInt128 value)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, value);
        return new IPAddress(bytes);
    }

    private static uint ToIpv4(IPAddress address) => BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes());

    private static IPAddress FromIpv4(uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return new IPAddress(bytes);
    }
}
