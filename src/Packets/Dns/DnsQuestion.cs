using System.Buffers.Binary;

namespace Keyhole.Packets;

/// <summary>What a message asks (RFC 1035 section 4.1.2).</summary>
public readonly ref struct DnsQuestion
{
    private DnsQuestion(DnsName name, ushort type, ushort dnsClass)
    {
        Name = name;
        Type = type;
        Class = dnsClass;
    }

    public DnsName Name { get; }

    /// <summary>See <see cref="DnsType"/>.</summary>
    public ushort Type { get; }

    /// <summary>1 is the Internet.</summary>
    public ushort Class { get; }

    internal static bool TryParse(ReadOnlySpan<byte> message, int offset, out DnsQuestion question, out int end)
    {
        question = default;
        if (!DnsName.TryParse(message, offset, out var name, out end) || message.Length - end < 4)
            return false;
        question = new DnsQuestion(
            name,
            BinaryPrimitives.ReadUInt16BigEndian(message[end..]),
            BinaryPrimitives.ReadUInt16BigEndian(message[(end + 2)..]));
        end += 4;
        return true;
    }
}
