using System.Buffers.Binary;

namespace Keyhole.Packets;

/// <summary>
/// A DNS message (RFC 1035 section 4). <see cref="TryParse"/> walks every name and record once; what follows the last one is ignored. Messages with more
/// than one question or more than <see cref="MaximumRecords"/> records are refused: nobody sends them, and the work stays bounded.
/// </summary>
public readonly ref struct DnsView
{
    /// <summary>In bytes.</summary>
    public const int HeaderLength = 12;

    public const int MaximumRecords = 256;

    private readonly int _records;

    private DnsView(ReadOnlySpan<byte> message, int records)
    {
        Message = message;
        _records = records;
    }

    public static bool TryParse(ReadOnlySpan<byte> message, out DnsView view)
    {
        view = default;
        if (message.Length is < HeaderLength or > ushort.MaxValue)
            return false;
        var parsed = new DnsView(message, HeaderLength);
        if (parsed.QuestionCount > 1 || parsed.RecordCount > MaximumRecords)
            return false;
        int offset = HeaderLength;
        if (parsed.QuestionCount == 1 && !DnsQuestion.TryParse(message, offset, out _, out offset))
            return false;
        parsed = new DnsView(message, offset);
        for (int i = 0; i < parsed.RecordCount; i++)
        {
            if (!DnsRecord.TryParse(message, offset, parsed.SectionOf(i), out _, out offset))
                return false;
        }

        view = parsed;
        return true;
    }

    public ReadOnlySpan<byte> Message { get; }

    public ushort Id => BinaryPrimitives.ReadUInt16BigEndian(Message);

    public bool IsResponse => (Message[2] & 0x80) != 0;

    /// <summary>0 is a standard query.</summary>
    public int Opcode => (Message[2] >> 3) & 0xF;

    public bool IsAuthoritative => (Message[2] & 4) != 0;

    public bool IsTruncated => (Message[2] & 2) != 0;

    public bool RecursionDesired => (Message[2] & 1) != 0;

    public bool RecursionAvailable => (Message[3] & 0x80) != 0;

    /// <summary>0 no error, 2 server failure, 3 no such name, 5 refused.</summary>
    public int ResponseCode => Message[3] & 0xF;

    /// <summary>0 or 1.</summary>
    public int QuestionCount => BinaryPrimitives.ReadUInt16BigEndian(Message[4..]);

    public int AnswerCount => BinaryPrimitives.ReadUInt16BigEndian(Message[6..]);

    public int AuthorityCount => BinaryPrimitives.ReadUInt16BigEndian(Message[8..]);

    public int AdditionalCount => BinaryPrimitives.ReadUInt16BigEndian(Message[10..]);

    /// <summary>Of all three sections.</summary>
    public int RecordCount => AnswerCount + AuthorityCount + AdditionalCount;

    /// <summary>The records of all three sections in their order.</summary>
    public DnsRecordEnumerator Records => new(this, _records);

    /// <summary>False when the message asks nothing.</summary>
    public bool TryGetQuestion(out DnsQuestion question)
    {
        question = default;
        return QuestionCount == 1 && DnsQuestion.TryParse(Message, HeaderLength, out question, out _);
    }

    internal DnsSection SectionOf(int index) =>
        index < AnswerCount ? DnsSection.Answer : index < AnswerCount + AuthorityCount ? DnsSection.Authority : DnsSection.Additional;
}
