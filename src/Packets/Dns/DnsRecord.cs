using System.Buffers.Binary;

namespace Keyhole.Packets;

/// <summary>A resource record (RFC 1035 section 4.1.3).</summary>
public readonly ref struct DnsRecord
{
    /// <summary>Type, class, time to live and length of the data.</summary>
    private const int FixedLength = 10;

    private readonly ReadOnlySpan<byte> _message;
    private readonly int _dataOffset;

    private DnsRecord(ReadOnlySpan<byte> message, DnsName name, int fixedOffset, DnsSection section)
    {
        _message = message;
        _dataOffset = fixedOffset + FixedLength;
        Name = name;
        Section = section;
    }

    public DnsSection Section { get; }

    public DnsName Name { get; }

    /// <summary>See <see cref="DnsType"/>.</summary>
    public ushort Type => BinaryPrimitives.ReadUInt16BigEndian(_message[(_dataOffset - FixedLength)..]);

    /// <summary>1 is the Internet.</summary>
    public ushort Class => BinaryPrimitives.ReadUInt16BigEndian(_message[(_dataOffset - 8)..]);

    /// <summary>Seconds. A value with the highest bit set means 0 (RFC 2181 section 8).</summary>
    public uint TimeToLive
    {
        get
        {
            uint value = BinaryPrimitives.ReadUInt32BigEndian(_message[(_dataOffset - 6)..]);
            return value > int.MaxValue ? 0 : value;
        }
    }

    /// <summary>As it stands: names in it may be compressed.</summary>
    public ReadOnlySpan<byte> Data => _message.Slice(_dataOffset, BinaryPrimitives.ReadUInt16BigEndian(_message[(_dataOffset - 2)..]));

    /// <summary>The address of an A or AAAA record of the right length.</summary>
    public bool TryGetAddress(out IpAddress address)
    {
        var data = Data;
        bool found = (Type, data.Length) is (DnsType.A, 4) or (DnsType.Aaaa, 16);
        address = found ? IpAddress.FromBytes(data) : default;
        return found;
    }

    /// <summary>The target of a CNAME, NS or PTR record; false for other types and for data that is not exactly one name.</summary>
    public bool TryGetTarget(out DnsName target)
    {
        target = default;
        return Type is DnsType.Cname or DnsType.Ns or DnsType.Ptr
            && DnsName.TryParse(_message[..(_dataOffset + Data.Length)], _dataOffset, out target, out int end)
            && end == _dataOffset + Data.Length;
    }

    internal static bool TryParse(ReadOnlySpan<byte> message, int offset, DnsSection section, out DnsRecord record, out int end)
    {
        record = default;
        if (!DnsName.TryParse(message, offset, out var name, out end) || message.Length - end < FixedLength)
            return false;
        int data = end + FixedLength;
        int length = BinaryPrimitives.ReadUInt16BigEndian(message[(data - 2)..]);
        if (length > message.Length - data)
            return false;
        record = new DnsRecord(message, name, end, section);
        end = data + length;
        return true;
    }
}
