using System.Globalization;

namespace Keyhole.Packets;

/// <summary>A CIDR prefix (RFC 4632, RFC 4291 section 2.3). <see cref="Length"/> counts bits of the address's own family.</summary>
public readonly record struct IpPrefix
{
    /// <summary>The prefix of <paramref name="length"/> bits around <paramref name="address"/>; host bits are cleared.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The length exceeds 32 (IPv4) or 128 (IPv6).</exception>
    public IpPrefix(IpAddress address, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, address.BitLength);
        var (high, low) = Mask(length + 128 - address.BitLength);
        Address = new IpAddress(address.High & high, address.Low & low);
        Length = length;
    }

    /// <summary>The first address of the prefix.</summary>
    public IpAddress Address { get; }

    /// <summary>0 to 32 for IPv4, 0 to 128 for IPv6.</summary>
    public int Length { get; }

    /// <summary>The prefix that holds this one address only.</summary>
    public static IpPrefix Host(IpAddress address) => new(address, address.BitLength);

    public bool IsHost => Length == Address.BitLength;

    public bool Contains(IpAddress address)
    {
        if (address.IsIpv4 != Address.IsIpv4)
            return false;
        var (high, low) = Mask(Length + 128 - Address.BitLength);
        return ((address.High ^ Address.High) & high) == 0 && ((address.Low ^ Address.Low) & low) == 0;
    }

    public bool Overlaps(IpPrefix other) => Length <= other.Length ? Contains(other.Address) : other.Contains(Address);

    /// <summary>Reads "10.0.0.0/8", "2001:db8::/32", or an address alone as its host prefix. Host bits must be zero.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out IpPrefix prefix)
    {
        prefix = default;
        int slash = text.IndexOf('/');
        if (!IpAddress.TryParse(slash < 0 ? text : text[..slash], out var address))
            return false;
        int length = address.BitLength;
        if (slash >= 0 && (!int.TryParse(text[(slash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out length) || length > address.BitLength))
            return false;
        prefix = new IpPrefix(address, length);
        return prefix.Address == address;
    }

    /// <exception cref="FormatException">The text is not a prefix, or has host bits.</exception>
    public static IpPrefix Parse(ReadOnlySpan<char> text) =>
        TryParse(text, out var prefix) ? prefix : throw new FormatException($"'{text}' is not a CIDR prefix without host bits.");

    public override string ToString() => $"{Address}/{Length}";

    private static (ulong High, ulong Low) Mask(int bits) =>
        (bits >= 64 ? ulong.MaxValue : bits == 0 ? 0 : ulong.MaxValue << (64 - bits),
         bits >= 128 ? ulong.MaxValue : bits <= 64 ? 0 : ulong.MaxValue << (128 - bits));
}
