using Keyhole.Packets;

namespace Keyhole.Client;

/// <summary>The header before each datagram of an association (RFC 1928 section 7): two bytes 0, fragment number, address of the other end.</summary>
internal static class SocksDatagram
{
    public const int MaximumHeaderLength = Prefix + SocksAddress.MaximumWrittenLength;

    private const int Prefix = 3;

    /// <summary>False when it is malformed or a fragment: whoever does not put fragments together drops them.</summary>
    public static bool TryParse(ReadOnlySpan<byte> datagram, out SocksAddress target, out ReadOnlySpan<byte> payload)
    {
        payload = default;
        if (datagram is not [0, 0, 0, _, ..] || !SocksAddress.TryParse(datagram[Prefix..], out target))
        {
            target = default;
            return false;
        }

        payload = datagram[(Prefix + target.Length)..];
        return target.Port != 0;
    }

    /// <summary>Writes the header of an answer and returns its length.</summary>
    public static int WriteHeader(Span<byte> destination, in IpEndpoint source)
    {
        destination[..Prefix].Clear();
        return Prefix + SocksAddress.Write(destination[Prefix..], source);
    }
}
