using System.Buffers.Binary;
using System.Text;

namespace Keyhole.Packets;

/// <summary>
/// Writes a response beside the query that it answers (RFC 1035 section 4.1): identifier, opcode, RD, CD and question are the query's, letters as they
/// stood. Records stand in the order of their sections, and all that have an owner belong to the name that was asked. What does not fit is not begun.
/// </summary>
public ref struct DnsWriter
{
    private const int QuestionNameOffset = DnsView.HeaderLength;
    private const int AnswerCountOffset = 6;
    private const byte AuthoritativeFlag = 4;
    private const byte TruncatedFlag = 2;

    private readonly Span<byte> _message;
    private DnsSection _section;

    private DnsWriter(Span<byte> message, int length)
    {
        _message = message;
        Length = length;
    }

    /// <summary>Bytes written.</summary>
    public int Length { get; private set; }

    /// <summary>Begins a response that recursion is available for. False when not even the question fits.</summary>
    /// <param name="responseCode">See <see cref="DnsResponseCode"/>; of those above 15 the lower bits, and <see cref="TryAddEdns"/> the rest.</param>
    public static bool TryAnswer(Span<byte> destination, in DnsView query, int responseCode, out DnsWriter writer)
    {
        bool asks = query.TryGetQuestion(out var question);
        int length = DnsView.HeaderLength + (asks ? question.Name.Length + 4 : 0);
        if (destination.Length < length)
        {
            writer = default;
            return false;
        }

        WriteHeader(destination, query.Message, responseCode);
        if (asks)
        {
            destination[5] = 1;
            int end = QuestionNameOffset + question.Name.CopyTo(destination[QuestionNameOffset..]);
            BinaryPrimitives.WriteUInt16BigEndian(destination[end..], question.Type);
            BinaryPrimitives.WriteUInt16BigEndian(destination[(end + 2)..], question.Class);
        }

        writer = new DnsWriter(destination, length);
        return true;
    }

    /// <summary>Writes a response of the header alone, to a message whose question cannot be read, and returns its length.</summary>
    /// <exception cref="ArgumentException">One of the two is shorter than a header.</exception>
    public static int WriteError(Span<byte> destination, ReadOnlySpan<byte> query, int responseCode)
    {
        if (destination.Length < DnsView.HeaderLength || query.Length < DnsView.HeaderLength)
            Throw.TooShort(nameof(destination), DnsView.HeaderLength);
        WriteHeader(destination, query, responseCode);
        return DnsView.HeaderLength;
    }

    /// <summary>The answer comes from whoever decides what the name means.</summary>
    public readonly void MarkAuthoritative() => _message[2] |= AuthoritativeFlag;

    /// <summary>Something did not fit: whoever asked asks again over TCP.</summary>
    public readonly void MarkTruncated() => _message[2] |= TruncatedFlag;

    /// <summary>An A or AAAA record.</summary>
    public bool TryAddAddress(IpAddress address, uint timeToLive)
    {
        Span<byte> data = stackalloc byte[16];
        int length = address.WriteTo(data);
        return TryAdd(DnsSection.Answer, address.IsIpv4 ? DnsType.A : DnsType.Aaaa, timeToLive, data[..length]);
    }

    /// <summary>A PTR record. False also for a text that is no name.</summary>
    public bool TryAddPointer(ReadOnlySpan<char> name, uint timeToLive)
    {
        Span<byte> data = stackalloc byte[DnsName.MaximumLength];
        return TryWriteName(name, data, out int length) && TryAdd(DnsSection.Answer, DnsType.Ptr, timeToLive, data[..length]);
    }

    /// <summary>The SOA record that lets a resolver remember for so long that there is nothing (RFC 2308 section 3).</summary>
    public bool TryAddStartOfAuthority(uint timeToLive)
    {
        // MNAME and RNAME are the root: there is no zone to transfer and nobody to write to. Serial, refresh, retry, expire, minimum.
        Span<byte> data = stackalloc byte[22];
        data.Clear();
        for (int field = 0; field < 5; field++)
            BinaryPrimitives.WriteUInt32BigEndian(data[(2 + 4 * field)..], field == 0 ? 1 : timeToLive);
        return TryAdd(DnsSection.Authority, DnsType.Soa, timeToLive, data);
    }

    /// <summary>The OPT record (RFC 6891 section 6.1), which answers one.</summary>
    /// <param name="payloadLength">The largest UDP message that is taken.</param>
    /// <param name="responseCode">The whole one; its upper bits stand here.</param>
    public bool TryAddEdns(int payloadLength, int responseCode)
    {
        const int OptLength = 11;
        if (_message.Length - Length < OptLength)
            return false;
        Enter(DnsSection.Additional);
        var record = _message.Slice(Length, OptLength);
        record.Clear();
        BinaryPrimitives.WriteUInt16BigEndian(record[1..], DnsType.Opt);
        BinaryPrimitives.WriteUInt16BigEndian(record[3..], (ushort)payloadLength);
        record[5] = (byte)(responseCode >> 4);
        Length += OptLength;
        return true;
    }

    private static void WriteHeader(Span<byte> destination, ReadOnlySpan<byte> query, int responseCode)
    {
        query[..DnsView.HeaderLength].CopyTo(destination);
        destination[2] = (byte)(0x80 | (query[2] & 0x79));
        destination[3] = (byte)(0x80 | (query[3] & 0x10) | (responseCode & 0xF));
        destination[4..DnsView.HeaderLength].Clear();
    }

    private static bool TryWriteName(ReadOnlySpan<char> name, Span<byte> data, out int length)
    {
        length = 0;
        foreach (var range in name.Split('.'))
        {
            var label = name[range];
            if (label.Length is 0 or > 63 || length + label.Length + 2 > data.Length || !Ascii.IsValid(label))
                return false;
            data[length++] = (byte)label.Length;
            Encoding.ASCII.GetBytes(label, data[length..]);
            length += label.Length;
        }

        data[length++] = 0;
        return true;
    }

    private bool TryAdd(DnsSection section, ushort type, uint timeToLive, scoped ReadOnlySpan<byte> data)
    {
        const int FixedLength = 12;
        if (_message[5] == 0)
            Throw.Ownership("A record needs the question that it belongs to.");
        if (_message.Length - Length < FixedLength + data.Length)
            return false;
        Enter(section);
        var record = _message[Length..];
        BinaryPrimitives.WriteUInt16BigEndian(record, 0xC000 | QuestionNameOffset);
        BinaryPrimitives.WriteUInt16BigEndian(record[2..], type);
        BinaryPrimitives.WriteUInt16BigEndian(record[4..], 1);
        BinaryPrimitives.WriteUInt32BigEndian(record[6..], timeToLive);
        BinaryPrimitives.WriteUInt16BigEndian(record[10..], (ushort)data.Length);
        data.CopyTo(record[FixedLength..]);
        Length += FixedLength + data.Length;
        return true;
    }

    private void Enter(DnsSection section)
    {
        if (section < _section)
            Throw.Ownership($"A record of the section {section} comes after one of the section {_section}.");
        _section = section;
        var count = _message[(AnswerCountOffset + 2 * (int)section)..];
        BinaryPrimitives.WriteUInt16BigEndian(count, (ushort)(BinaryPrimitives.ReadUInt16BigEndian(count) + 1));
    }
}
