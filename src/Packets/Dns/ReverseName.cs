using System.Globalization;

namespace Keyhole.Packets;

/// <summary>Names of addresses: "1.2.0.192.in-addr.arpa" (RFC 1035 section 3.5) and nibbles under "ip6.arpa" (RFC 3596 section 2.5).</summary>
public static class ReverseName
{
    private const string Ipv4Zone = ".in-addr.arpa";
    private const string Ipv6Zone = ".ip6.arpa";

    /// <param name="name">In lower case, without the last dot. Names of prefixes are no names of addresses.</param>
    public static bool TryParse(ReadOnlySpan<char> name, out IpAddress address)
    {
        address = default;
        Span<byte> bytes = stackalloc byte[16];
        if (name.EndsWith(Ipv4Zone, StringComparison.Ordinal))
        {
            if (!TryReadIpv4(name[..^Ipv4Zone.Length], bytes[..4]))
                return false;
            address = IpAddress.FromBytes(bytes[..4]);
            return true;
        }

        if (!name.EndsWith(Ipv6Zone, StringComparison.Ordinal) || !TryReadIpv6(name[..^Ipv6Zone.Length], bytes))
            return false;
        address = IpAddress.FromBytes(bytes);
        return !address.IsIpv4;
    }

    public static string Of(IpAddress address) => OfPrefix(IpPrefix.Host(address));

    /// <summary>The zone of a prefix, which must end between two labels.</summary>
    /// <exception cref="ArgumentException">The length is no multiple of 8 (IPv4) or of 4 (IPv6).</exception>
    public static string OfPrefix(IpPrefix prefix)
    {
        int bits = prefix.Address.IsIpv4 ? 8 : 4;
        if (prefix.Length % bits != 0)
            throw new ArgumentException($"{prefix} does not end between two labels.", nameof(prefix));
        Span<byte> bytes = stackalloc byte[16];
        int length = prefix.Address.WriteTo(bytes);
        var text = new System.Text.StringBuilder(80);
        for (int label = prefix.Length / bits - 1; label >= 0; label--)
        {
            if (length == 4)
                text.Append(bytes[label]);
            else
                text.Append((label % 2 == 0 ? bytes[label / 2] >> 4 : bytes[label / 2] & 0xF).ToString("x", CultureInfo.InvariantCulture));
            text.Append('.');
        }

        return text.Append(length == 4 ? Ipv4Zone.AsSpan(1) : Ipv6Zone.AsSpan(1)).ToString();
    }

    private static bool TryReadIpv4(ReadOnlySpan<char> labels, Span<byte> bytes)
    {
        int index = 4;
        foreach (var range in labels.Split('.'))
        {
            var label = labels[range];
            if (--index < 0 || (label.Length > 1 && label[0] == '0') || !byte.TryParse(label, NumberStyles.None, CultureInfo.InvariantCulture, out bytes[index]))
                return false;
        }

        return index == 0;
    }

    private static bool TryReadIpv6(ReadOnlySpan<char> labels, Span<byte> bytes)
    {
        if (labels.Length != 63)
            return false;
        for (int nibble = 0; nibble < 32; nibble++)
        {
            char letter = labels[2 * nibble];
            if (!char.IsAsciiHexDigit(letter) || (nibble < 31 && labels[2 * nibble + 1] != '.'))
                return false;
            int value = char.IsAsciiDigit(letter) ? letter - '0' : (letter | 0x20) - 'a' + 10;
            bytes[15 - nibble / 2] |= (byte)(nibble % 2 == 0 ? value : value << 4);
        }

        return true;
    }
}
