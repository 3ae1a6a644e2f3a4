namespace Keyhole.Packets.Tests;

/// <summary>The rules again, written byte by byte with no thought of speed: what the views are compared with.</summary>
internal static class Naive
{
    public static ushort Fold(ReadOnlySpan<byte> bytes)
    {
        uint sum = 0;
        for (int i = 0; i < bytes.Length; i++)
        {
            sum += (uint)(i % 2 == 0 ? bytes[i] << 8 : bytes[i]);
            while (sum > 0xFFFF)
                sum = (sum & 0xFFFF) + (sum >> 16);
        }

        return (ushort)sum;
    }

    public static byte[] Bytes(IpAddress address) => address.ToIPAddress().GetAddressBytes();

    public static byte[] PseudoHeader(IpAddress source, IpAddress destination, byte protocol, int length) => source.IsIpv4
        ? [.. Bytes(source), .. Bytes(destination), 0, protocol, (byte)(length >> 8), (byte)length]
        : [.. Bytes(source), .. Bytes(destination), 0, 0, (byte)(length >> 8), (byte)length, 0, 0, 0, protocol];

    /// <summary>What <see cref="IpView"/> must say of a packet; null where it must refuse.</summary>
    public static NaivePacket? Parse(byte[] span)
    {
        if (span.Length < 20)
            return null;
        return (span[0] >> 4) switch
        {
            4 => Parse4(span),
            6 => Parse6(span),
            _ => null,
        };
    }

    private static NaivePacket? Parse4(byte[] span)
    {
        int header = (span[0] & 15) * 4;
        int total = span[2] * 256 + span[3];
        if (header < 20 || total < header || total > span.Length || Fold(span.AsSpan(0, header)) != 0xFFFF)
            return null;
        byte[] source = span[12..16], destination = span[16..20];
        if (source.SequenceEqual(destination) || source[0] is 0 or 127 || source[0] >= 224 || destination[0] is 0 or 127)
            return null;
        for (int at = 20; at < header;)
        {
            if (span[at] == 0)
                break;
            if (span[at] == 1)
            {
                at++;
                continue;
            }

            if (span[at] is 131 or 137 || at + 1 >= header || span[at + 1] < 2 || at + span[at + 1] > header)
                return null;
            at += span[at + 1];
        }

        int offset = ((span[6] & 31) * 256 + span[7]) * 8;
        bool more = (span[6] & 32) != 0;
        return Fragment(offset, more, total - header)
            ? new NaivePacket(4, total, header, span[9], offset, more, (uint)(span[4] * 256 + span[5]), span[8], span[1], source, destination)
            : null;
    }

    private static NaivePacket? Parse6(byte[] span)
    {
        if (span.Length < 40)
            return null;
        int total = 40 + span[4] * 256 + span[5];
        if (total > span.Length)
            return null;
        byte[] source = span[8..24], destination = span[24..40];
        if (source.SequenceEqual(destination) || source[0] == 255 || Special(source) || Special(destination))
            return null;
        int at = 40;
        byte next = span[6];
        uint identification = 0;
        for (int headers = 0; ; headers++)
        {
            bool extension = next is 0 or 43 or 44 or 51 or 60;
            if (!extension)
                return new NaivePacket(6, total, at, next, 0, false, identification, span[7], (byte)((span[0] & 15) * 16 + span[1] / 16), source, destination);
            if (next == 0 && headers > 0)
                return null;
            int minimum = next == 51 ? 12 : 8;
            if (at + minimum > total)
                return null;
            if (next == 43 && span[at + 3] != 0)
                return null;
            int length = next switch { 44 => 8, 51 => (span[at + 1] + 2) * 4, _ => (span[at + 1] + 1) * 8 };
            if (length < minimum)
                return null;
            if (next == 44)
            {
                identification = (uint)(span[at + 4] << 24 | span[at + 5] << 16 | span[at + 6] << 8 | span[at + 7]);
                int offset = span[at + 2] * 256 + (span[at + 3] & 0xF8);
                bool more = (span[at + 3] & 1) != 0;
                if (offset != 0 || more)
                {
                    return Fragment(offset, more, total - at - 8)
                        ? new NaivePacket(6, total, at + 8, span[at], offset, more, identification, span[7], (byte)((span[0] & 15) * 16 + span[1] / 16), source, destination)
                        : null;
                }
            }

            if (at + length > total || headers == 8)
                return null;
            next = span[at];
            at += length;
        }
    }

    private static bool Special(byte[] address) =>
        address.Take(10).All(b => b == 0) && ((address[10] == 0 && address[11] == 0) || (address[10] == 255 && address[11] == 255));

    private static bool Fragment(int offset, bool more, int length) =>
        (offset == 0 && !more) || (length > 0 && offset + length <= 65535 && !(more && length % 8 != 0));
}
