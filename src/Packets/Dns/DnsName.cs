namespace Keyhole.Packets;

/// <summary>
/// A domain name inside a message (RFC 1035 sections 3.1 and 4.1.4). The walk is bounded twice: a pointer leads strictly before the labels that led to it,
/// so that no loop exists, and a name has at most 255 bytes, so that a chain of pointers ends.
/// </summary>
public readonly ref struct DnsName
{
    /// <summary>With the length byte of each label and the empty label of the root.</summary>
    public const int MaximumLength = 255;

    private const int MaximumLabelLength = 63;
    private const byte PointerMark = 0xC0;

    private readonly ReadOnlySpan<byte> _message;
    private readonly int _offset;

    private DnsName(ReadOnlySpan<byte> message, int offset, int length)
    {
        _message = message;
        _offset = offset;
        Length = length;
    }

    /// <summary>Bytes of the name without compression, 1 (the root) to 255.</summary>
    public int Length { get; }

    public bool IsRoot => Length == 1;

    /// <summary>Reads the name at <paramref name="offset"/>; <paramref name="end"/> is where what follows it begins.</summary>
    public static bool TryParse(ReadOnlySpan<byte> message, int offset, out DnsName name, out int end)
    {
        name = default;
        end = -1;
        int at = offset;
        int before = offset;
        int length = 0;
        while (true)
        {
            if ((uint)at >= (uint)message.Length)
                return false;
            int label = message[at];
            if ((label & PointerMark) == PointerMark)
            {
                if (at + 1 >= message.Length)
                    return false;
                int target = (label & ~PointerMark) << 8 | message[at + 1];
                if (end < 0)
                    end = at + 2;
                if (target >= before)
                    return false;
                at = before = target;
                continue;
            }

            length += 1 + label;
            if (label > MaximumLabelLength || length > MaximumLength || at + label >= message.Length)
                return false;
            at += 1 + label;
            if (label != 0)
                continue;
            if (end < 0)
                end = at;
            name = new DnsName(message, offset, length);
            return true;
        }
    }

    /// <summary>Writes the name without compression, as it stands, and returns its length.</summary>
    /// <exception cref="ArgumentException">The span is shorter than <see cref="Length"/>.</exception>
    public int CopyTo(Span<byte> destination)
    {
        if (destination.Length < Length)
            Throw.TooShort(nameof(destination), Length);
        int written = 0;
        for (int at = LabelAt(_offset); ; at = LabelAt(at + 1 + _message[at]))
        {
            int label = _message[at];
            _message.Slice(at, 1 + label).CopyTo(destination[written..]);
            written += 1 + label;
            if (label == 0)
                return written;
        }
    }

    /// <summary>
    /// Writes the name as text in lower case without the last dot ("." for the root). False when it does not fit, or when a label holds what no host
    /// name does: anything but letters, digits, '-' and '_'. So a text never holds a dot or control character that was no separator.
    /// </summary>
    public bool TryWriteText(Span<char> destination, out int length)
    {
        length = 0;
        if (IsRoot)
            return TryAppend(destination, '.', ref length);
        for (int at = LabelAt(_offset); _message[at] != 0; at = LabelAt(at + 1 + _message[at]))
        {
            if (length > 0 && !TryAppend(destination, '.', ref length))
                return false;
            foreach (byte b in _message.Slice(at + 1, _message[at]))
            {
                if (!(char.IsAsciiLetterOrDigit((char)b) || b is (byte)'-' or (byte)'_') || !TryAppend(destination, char.ToLowerInvariant((char)b), ref length))
                    return false;
            }
        }

        return true;
    }

    /// <summary>Whether two names are the same, letters of either case (RFC 4343).</summary>
    public bool Equals(in DnsName other)
    {
        if (Length != other.Length)
            return false;
        int at = LabelAt(_offset);
        int otherAt = other.LabelAt(other._offset);
        while (true)
        {
            int label = _message[at];
            if (label != other._message[otherAt])
                return false;
            if (label == 0)
                return true;
            if (!EqualsIgnoreCase(_message.Slice(at + 1, label), other._message.Slice(otherAt + 1, label)))
                return false;
            at = LabelAt(at + 1 + label);
            otherAt = other.LabelAt(otherAt + 1 + label);
        }
    }

    /// <summary>Bytes beyond ASCII are allowed in labels and have no case.</summary>
    private static bool EqualsIgnoreCase(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        for (int i = 0; i < left.Length; i++)
        {
            if (left[i] != right[i] && !(char.IsAsciiLetter((char)left[i]) && (left[i] | 0x20) == (right[i] | 0x20)))
                return false;
        }

        return true;
    }

    /// <summary>Follows pointers to the next label; the parse has proven that they end.</summary>
    private int LabelAt(int at)
    {
        while ((_message[at] & PointerMark) == PointerMark)
            at = (_message[at] & ~PointerMark) << 8 | _message[at + 1];
        return at;
    }

    private static bool TryAppend(Span<char> destination, char c, ref int length)
    {
        if (length == destination.Length)
            return false;
        destination[length++] = c;
        return true;
    }
}
