using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <summary>
/// Answers DNS queries for granted names: A, AAAA and PTR, no record (NODATA) for other types, and nothing at all for names that were not granted, so
/// that nobody learns here which of those exist. What becomes of those its caller decides: <see cref="Fail"/> answers all of them alike.
/// </summary>
public static class NameResponder
{
    /// <summary>Every response fits in it.</summary>
    public const int MaximumResponseLength = DnsEdns.MinimumPayloadLength;

    /// <summary>Seconds. A name that was revoked lives on in nobody's cache for longer.</summary>
    public const uint TimeToLive = 1;

    /// <summary>The largest UDP message that crosses every network whole (DNS flag day 2020).</summary>
    public const int PayloadLength = 1232;

    private const ushort Internet = 1;

    /// <param name="response">Room for <see cref="MaximumResponseLength"/> bytes.</param>
    /// <param name="length">Of the response; 0 without one.</param>
    public static NameVerdict Respond(NameTable names, ReadOnlySpan<byte> query, Span<byte> response, out int length)
    {
        ArgumentNullException.ThrowIfNull(names);
        length = 0;
        if (query.Length < DnsView.HeaderLength || (query[2] & 0x80) != 0)
            return NameVerdict.Ignored;
        if (!DnsView.TryParse(query, out var view) || (view.Opcode == 0 && view.QuestionCount == 0))
            return Error(query, DnsResponseCode.FormatError, response, out length);
        if (view.Opcode != 0)
            return Error(query, DnsResponseCode.NotImplemented, response, out length);
        view.TryGetQuestion(out var question);
        if (question.Class != Internet || Find(names, question.Name, out bool isReverse) is not { } named)
            return NameVerdict.Forward;

        bool hasEdns = DnsEdns.TryFind(view, out var edns, out bool isMalformed);
        if (isMalformed)
            return Error(query, DnsResponseCode.FormatError, response, out length);
        int code = edns.Version == 0 ? DnsResponseCode.NoError : DnsResponseCode.BadVersion;
        DnsWriter.TryAnswer(response, view, code, out var writer);
        if (code == DnsResponseCode.NoError)
        {
            writer.MarkAuthoritative();
            Add(ref writer, named, question.Type, isReverse);
        }

        if (hasEdns)
            writer.TryAddEdns(PayloadLength, code);
        length = writer.Length;
        return NameVerdict.Answered;
    }

    /// <summary>A response without a record: why there is none, or that it is too long.</summary>
    /// <param name="query">One that <see cref="Respond"/> did not answer.</param>
    /// <param name="response">Room for <see cref="MaximumResponseLength"/> bytes.</param>
    /// <param name="code">See <see cref="DnsResponseCode"/>.</param>
    /// <param name="isTruncated">Whoever asked asks again over TCP.</param>
    /// <returns>The length of the response.</returns>
    public static int Fail(ReadOnlySpan<byte> query, Span<byte> response, int code, bool isTruncated = false)
    {
        if (!DnsView.TryParse(query, out var view) || !DnsWriter.TryAnswer(response, view, code, out var writer))
            return DnsWriter.WriteError(response, query, DnsResponseCode.ServerFailure);
        if (isTruncated)
            writer.MarkTruncated();
        if (DnsEdns.TryFind(view, out _, out _))
            writer.TryAddEdns(PayloadLength, code);
        return writer.Length;
    }

    /// <summary>Bytes of the longest response over UDP that whoever asked takes.</summary>
    public static int LimitOf(ReadOnlySpan<byte> query) =>
        DnsView.TryParse(query, out var view) && DnsEdns.TryFind(view, out var edns, out _) ? edns.PayloadLength : DnsEdns.MinimumPayloadLength;

    private static NamedResource? Find(NameTable names, in DnsName name, out bool isReverse)
    {
        isReverse = false;
        Span<char> text = stackalloc char[DnsName.MaximumLength];
        if (!name.TryWriteText(text, out int length))
            return null;
        if (names.Find(text[..length]) is { } named)
            return named;
        isReverse = ReverseName.TryParse(text[..length], out var address);
        return isReverse ? names.Find(address) : null;
    }

    private static void Add(ref DnsWriter writer, NamedResource named, ushort type, bool isReverse)
    {
        bool isEmpty = true;
        if (isReverse && type is DnsType.Ptr or DnsType.Any)
            isEmpty = !writer.TryAddPointer(named.Alias, TimeToLive);
        if (!isReverse && type is DnsType.A or DnsType.Any && named.Ipv4 is { } ipv4)
            isEmpty &= !writer.TryAddAddress(ipv4, TimeToLive);
        if (!isReverse && type is DnsType.Aaaa or DnsType.Any && named.Ipv6 is { } ipv6)
            isEmpty &= !writer.TryAddAddress(ipv6, TimeToLive);
        if (isEmpty)
            writer.TryAddStartOfAuthority(TimeToLive);
    }

    private static NameVerdict Error(ReadOnlySpan<byte> query, int code, Span<byte> response, out int length)
    {
        length = DnsWriter.WriteError(response, query, code);
        return NameVerdict.Answered;
    }
}
