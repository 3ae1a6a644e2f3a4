using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Runtime.InteropServices;

namespace Keyhole.Packets;

/// <summary>
/// An IPv4 or IPv6 address as a 16-byte value that hashes and compares without allocation. IPv4 is held in its
/// IPv4-mapped form (RFC 4291 section 2.5.5.2); a real packet never carries a mapped address, since the views drop it.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public readonly struct IpAddress : IEquatable<IpAddress>, IComparable<IpAddress>
{
    private const ulong MappedPrefix = 0x0000_FFFF_0000_0000;
    private const ulong DiscardOnlyPrefix = 0x0100_0000_0000_0000;

    private readonly ulong _high;
    private readonly ulong _low;

    /// <summary>The address whose first eight bytes are <paramref name="high"/> and last eight <paramref name="low"/>, big endian.</summary>
    public IpAddress(ulong high, ulong low)
    {
        _high = high;
        _low = low;
    }

    /// <summary>The IPv4 address with this value in host order: 10.0.0.1 is 0x0A000001.</summary>
    public IpAddress(uint ipv4) : this(0, MappedPrefix | ipv4)
    {
    }

    public static IpAddress Ipv4Any => new(0u);

    public static IpAddress Ipv6Any => default;

    /// <summary>First eight bytes, big endian.</summary>
    public ulong High => _high;

    /// <summary>Last eight bytes, big endian.</summary>
    public ulong Low => _low;

    public bool IsIpv4 => _high == 0 && _low >> 32 == 0xFFFF;

    /// <summary>The IPv4 value in host order; meaningful only when <see cref="IsIpv4"/>.</summary>
    public uint Ipv4 => (uint)_low;

    /// <summary>An address that one host can have as far as its form tells: no group (224.0.0.0/4, ff00::/8), no broadcast, nothing reserved (240.0.0.0/4).</summary>
    public bool IsUnicast => IsIpv4 ? Ipv4 >> 28 < 0xE : _high >> 56 != 0xFF;

    /// <summary>In the discard-only prefix 100::/64 (RFC 6666): no datagram of a network can truly come from there.</summary>
    public bool IsDiscardOnly => _high == DiscardOnlyPrefix;

    /// <summary>127.0.0.0/8 or ::1.</summary>
    public bool IsLoopback => IsIpv4 ? Ipv4 >> 24 == 127 : _high == 0 && _low == 1;

    /// <summary>32 or 128.</summary>
    public int BitLength => IsIpv4 ? 32 : 128;

    /// <summary>The address of the discard-only prefix with this number in its last eight bytes.</summary>
    public static IpAddress DiscardOnly(ulong number) => new(DiscardOnlyPrefix, number);

    /// <summary>Reads 4 bytes as IPv4 or 16 bytes as IPv6, in network order.</summary>
    /// <exception cref="ArgumentException">The span is neither 4 nor 16 bytes long.</exception>
    public static IpAddress FromBytes(ReadOnlySpan<byte> bytes) => bytes.Length switch
    {
        4 => new(BinaryPrimitives.ReadUInt32BigEndian(bytes)),
        16 => new(BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[8..])),
        _ => throw new ArgumentException($"An address has 4 or 16 bytes, not {bytes.Length}.", nameof(bytes)),
    };

    public static bool TryParse(ReadOnlySpan<char> text, out IpAddress address)
    {
        // IPAddress reads "1" and "0x7f.1" as IPv4; only dotted quads are meant here.
        if (IPAddress.TryParse(text, out var parsed) && (text.Contains(':') || text.Count('.') == 3) && !text.Contains('%'))
        {
            address = From(parsed);
            return true;
        }

        address = default;
        return false;
    }

    /// <exception cref="FormatException">The text is not an address.</exception>
    public static IpAddress Parse(ReadOnlySpan<char> text) =>
        TryParse(text, out var address) ? address : throw new FormatException($"'{text}' is not an IP address.");

    public static IpAddress From(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out int length);
        return FromBytes(bytes[..length]);
    }

    /// <summary>Writes 4 (IPv4) or 16 (IPv6) bytes in network order and returns how many.</summary>
    public int WriteTo(Span<byte> destination)
    {
        if (IsIpv4)
        {
            BinaryPrimitives.WriteUInt32BigEndian(destination, Ipv4);
            return 4;
        }

        Write16To(destination);
        return 16;
    }

    /// <summary>Writes 16 bytes in network order, IPv4 in its mapped form.</summary>
    public void Write16To(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, _high);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], _low);
    }

    /// <summary>An IPAddress for the framework's APIs; allocates.</summary>
    public IPAddress ToIPAddress()
    {
        Span<byte> bytes = stackalloc byte[16];
        return new IPAddress(bytes[..WriteTo(bytes)]);
    }

    public int CompareTo(IpAddress other) => _high != other._high ? _high.CompareTo(other._high) : _low.CompareTo(other._low);

    public bool Equals(IpAddress other) => _high == other._high && _low == other._low;

    public override bool Equals([NotNullWhen(true)] object? obj) => obj is IpAddress other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(_high, _low);

    public override string ToString() => ToIPAddress().ToString();

    public static bool operator ==(IpAddress left, IpAddress right) => left.Equals(right);

    public static bool operator !=(IpAddress left, IpAddress right) => !left.Equals(right);

    public static bool operator <(IpAddress left, IpAddress right) => left.CompareTo(right) < 0;

    public static bool operator >(IpAddress left, IpAddress right) => left.CompareTo(right) > 0;

    public static bool operator <=(IpAddress left, IpAddress right) => left.CompareTo(right) <= 0;

    public static bool operator >=(IpAddress left, IpAddress right) => left.CompareTo(right) >= 0;
}
