using System.Buffers.Binary;

namespace Keyhole.Relay;

/// <summary>
/// Looks into the first message of a TLS connection (RFC 8446 section 4.1.2) without taking part: which application protocols it offers (ALPN, RFC 7301). Any
/// bytes are allowed. A look costs little however the bytes are cut, since records are few and the message is read once it is whole.
/// </summary>
internal static class ClientHello
{
    /// <summary>Bytes that are looked at. A hello with post-quantum key shares has about 1,800.</summary>
    public const int MaximumLength = 16 * 1024;

    /// <summary>Records that the message may be spread over.</summary>
    private const int MaximumRecords = 16;

    private const int RecordHeadLength = 5;
    private const int MessageHeadLength = 4;
    private const int RandomLength = 32;
    private const byte HandshakeRecord = 22;
    private const byte ClientHelloMessage = 1;
    private const ushort AlpnExtension = 16;

    /// <param name="received">All bytes of the connection up to now.</param>
    /// <param name="protocol">The name to look for, as in RFC 7301 section 3.1.</param>
    public static ClientHelloResult Read(ReadOnlySpan<byte> received, ReadOnlySpan<byte> protocol)
    {
        int message = MessageLength(received, out int fragments, out bool isRefused);
        if (isRefused)
            return ClientHelloResult.Refused;
        if (message == 0)
            return received.Length < MaximumLength ? ClientHelloResult.NeedsMore : ClientHelloResult.Refused;
        if (fragments == 1)
            return Judge(received.Slice(RecordHeadLength + MessageHeadLength, message - MessageHeadLength), protocol);
        byte[] joined = new byte[message];
        Join(received, joined);
        return Judge(joined.AsSpan(MessageHeadLength), protocol);
    }

    /// <summary>The length of the whole message with its head; 0 while some of it is missing.</summary>
    private static int MessageLength(ReadOnlySpan<byte> received, out int fragments, out bool isRefused)
    {
        Span<byte> head = stackalloc byte[MessageHeadLength];
        head.Clear();
        int found = 0;
        isRefused = true;
        for (fragments = 0; !received.IsEmpty; received = received[Math.Min(received.Length, RecordHeadLength + RecordLength(received))..])
        {
            if (++fragments > MaximumRecords || received[0] != HandshakeRecord || (received.Length > 1 && received[1] != 3))
                return 0;
            if (received.Length < RecordHeadLength)
                break;
            if (RecordLength(received) is 0 or > MaximumLength)
                return 0;
            var fragment = received[RecordHeadLength..Math.Min(received.Length, RecordHeadLength + RecordLength(received))];
            if (found < MessageHeadLength)
                fragment[..Math.Min(fragment.Length, MessageHeadLength - found)].CopyTo(head[found..]);
            found += fragment.Length;
            if (found > 0 && head[0] != ClientHelloMessage)
                return 0;
            if (found < MessageHeadLength)
                continue;
            int length = MessageHeadLength + (head[1] << 16 | head[2] << 8 | head[3]);
            if (length > MaximumLength)
                return 0;
            if (found < length)
                continue;
            isRefused = false;
            return length;
        }

        isRefused = false;
        return 0;
    }

    private static int RecordLength(ReadOnlySpan<byte> record) => record.Length < RecordHeadLength ? 0 : BinaryPrimitives.ReadUInt16BigEndian(record[3..]);

    private static void Join(ReadOnlySpan<byte> received, Span<byte> message)
    {
        while (!message.IsEmpty)
        {
            int length = RecordLength(received);
            var fragment = received.Slice(RecordHeadLength, Math.Min(length, message.Length));
            fragment.CopyTo(message);
            message = message[fragment.Length..];
            received = received[(RecordHeadLength + fragment.Length)..];
        }
    }

    private static ClientHelloResult Judge(ReadOnlySpan<byte> body, ReadOnlySpan<byte> protocol)
    {
        const int VersionLength = 2;
        if (body.Length < VersionLength + RandomLength)
            return ClientHelloResult.Refused;
        body = body[(VersionLength + RandomLength)..];
        if (!TryTake8(ref body, out _) || !TryTake16(ref body, out _) || !TryTake8(ref body, out _))
            return ClientHelloResult.Refused;
        if (body.IsEmpty)
            return ClientHelloResult.OffersOther;
        if (!TryTake16(ref body, out var extensions))
            return ClientHelloResult.Refused;
        while (!extensions.IsEmpty)
        {
            if (extensions.Length < sizeof(ushort))
                return ClientHelloResult.Refused;
            ushort type = BinaryPrimitives.ReadUInt16BigEndian(extensions);
            extensions = extensions[sizeof(ushort)..];
            if (!TryTake16(ref extensions, out var extension))
                return ClientHelloResult.Refused;
            if (type == AlpnExtension)
                return JudgeProtocols(extension, protocol);
        }

        return ClientHelloResult.OffersOther;
    }

    private static ClientHelloResult JudgeProtocols(ReadOnlySpan<byte> extension, ReadOnlySpan<byte> protocol)
    {
        if (!TryTake16(ref extension, out var names))
            return ClientHelloResult.Refused;
        while (!names.IsEmpty)
        {
            if (!TryTake8(ref names, out var name))
                return ClientHelloResult.Refused;
            if (name.SequenceEqual(protocol))
                return ClientHelloResult.Offers;
        }

        return ClientHelloResult.OffersOther;
    }

    /// <summary>Takes a vector with a length of one byte from the front.</summary>
    private static bool TryTake8(ref ReadOnlySpan<byte> bytes, out ReadOnlySpan<byte> vector) => TryTake(ref bytes, 1, bytes.IsEmpty ? 0 : bytes[0], out vector);

    /// <summary>Takes a vector with a length of two bytes from the front.</summary>
    private static bool TryTake16(ref ReadOnlySpan<byte> bytes, out ReadOnlySpan<byte> vector) =>
        TryTake(ref bytes, sizeof(ushort), bytes.Length < sizeof(ushort) ? 0 : BinaryPrimitives.ReadUInt16BigEndian(bytes), out vector);

    private static bool TryTake(ref ReadOnlySpan<byte> bytes, int head, int length, out ReadOnlySpan<byte> vector)
    {
        vector = default;
        if (bytes.Length < head + length)
            return false;
        vector = bytes.Slice(head, length);
        bytes = bytes[(head + length)..];
        return true;
    }
}
