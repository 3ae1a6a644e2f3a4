using System.Buffers.Binary;

namespace Keyhole.Packets;

/// <summary>
/// The options of a segment: maximum segment size (RFC 9293), window scale and timestamps (RFC 7323), SACK permitted and
/// SACK (RFC 2018). Unknown options and known ones of a wrong length are skipped, as Linux does.
/// </summary>
public struct TcpOptions : IEquatable<TcpOptions>
{
    private const byte EndOfList = 0, NoOperation = 1, MssKind = 2, WindowScaleKind = 3, SackPermittedKind = 4, SackKind = 5, TimestampsKind = 8;

    private SackBlocks _sackBlocks;

    /// <summary>In bytes; null when absent.</summary>
    public ushort? MaximumSegmentSize { get; set; }

    /// <summary>A shift count as it stands in the segment; null when absent. Above 14, RFC 7323 section 2.3 has the receiver use 14.</summary>
    public byte? WindowScale { get; set; }

    public bool SackPermitted { get; set; }

    public bool HasTimestamps { get; set; }

    /// <summary>TSval.</summary>
    public uint TimestampValue { get; set; }

    /// <summary>TSecr.</summary>
    public uint TimestampEchoReply { get; set; }

    /// <summary>0 to 4, or to 3 beside timestamps.</summary>
    public int SackBlockCount { get; private set; }

    public readonly SackBlock GetSackBlock(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)SackBlockCount);
        return _sackBlocks[index];
    }

    /// <summary>Adds a block behind those that are there. False when no more have room.</summary>
    public bool TryAddSackBlock(SackBlock block)
    {
        if (SackBlockCount >= (HasTimestamps ? SackBlocks.Maximum - 1 : SackBlocks.Maximum))
            return false;
        _sackBlocks[SackBlockCount++] = block;
        return true;
    }

    /// <summary>False when an option runs past the header or claims a length below 2. Of an option that comes twice, the last counts.</summary>
    public static bool TryParse(ReadOnlySpan<byte> span, out TcpOptions options)
    {
        options = default;
        while (!span.IsEmpty)
        {
            if (span[0] == EndOfList)
                return true;
            if (span[0] == NoOperation)
            {
                span = span[1..];
                continue;
            }

            if (span.Length < 2 || span[1] < 2 || span[1] > span.Length)
                return false;
            options.Take(span[0], span[2..span[1]]);
            span = span[span[1]..];
        }

        return true;
    }

    private void Take(byte kind, ReadOnlySpan<byte> body)
    {
        switch (kind)
        {
            case MssKind when body.Length == 2:
                MaximumSegmentSize = BinaryPrimitives.ReadUInt16BigEndian(body);
                break;
            case WindowScaleKind when body.Length == 1:
                WindowScale = body[0];
                break;
            case SackPermittedKind when body.Length == 0:
                SackPermitted = true;
                break;
            case TimestampsKind when body.Length == 8:
                HasTimestamps = true;
                TimestampValue = BinaryPrimitives.ReadUInt32BigEndian(body);
                TimestampEchoReply = BinaryPrimitives.ReadUInt32BigEndian(body[4..]);
                break;
            case SackKind when body.Length is > 0 and <= 8 * SackBlocks.Maximum && body.Length % 8 == 0:
                SackBlockCount = body.Length / 8;
                for (int i = 0; i < SackBlockCount; i++, body = body[8..])
                    _sackBlocks[i] = new SackBlock(BinaryPrimitives.ReadUInt32BigEndian(body), BinaryPrimitives.ReadUInt32BigEndian(body[4..]));
                break;
        }
    }

    /// <summary>What <see cref="Write"/> writes: a multiple of 4, at most 40.</summary>
    public readonly int Length =>
        (MaximumSegmentSize.HasValue ? 4 : 0)
        + (WindowScale.HasValue ? 4 : 0)
        + (SackPermitted && !HasTimestamps ? 4 : 0)
        + (HasTimestamps ? 12 : 0)
        + (SackBlockCount > 0 ? 4 + (8 * SackBlockCount) : 0);

    /// <summary>
    /// Writes the options in the order of Linux, each aligned to four bytes (RFC 7323 appendix A): SACK permitted takes the place of the
    /// two paddings of timestamps.
    /// </summary>
    /// <exception cref="ArgumentException">The span is shorter than <see cref="Length"/>, or the options exceed 40 bytes.</exception>
    public readonly int Write(Span<byte> destination)
    {
        int length = Length;
        if (destination.Length < length || length > TcpHeader.MaximumLength - TcpHeader.MinimumLength)
            Throw.TooShort(nameof(destination), length);
        if (MaximumSegmentSize is { } mss)
        {
            BinaryPrimitives.WriteUInt32BigEndian(destination, (uint)MssKind << 24 | 4 << 16 | mss);
            destination = destination[4..];
        }

        if (SackPermitted && !HasTimestamps)
        {
            BinaryPrimitives.WriteUInt32BigEndian(destination, (uint)NoOperation << 24 | NoOperation << 16 | SackPermittedKind << 8 | 2);
            destination = destination[4..];
        }

        if (HasTimestamps)
        {
            uint lead = SackPermitted ? (uint)SackPermittedKind << 24 | 2 << 16 : (uint)NoOperation << 24 | NoOperation << 16;
            BinaryPrimitives.WriteUInt32BigEndian(destination, lead | TimestampsKind << 8 | 10);
            BinaryPrimitives.WriteUInt32BigEndian(destination[4..], TimestampValue);
            BinaryPrimitives.WriteUInt32BigEndian(destination[8..], TimestampEchoReply);
            destination = destination[12..];
        }

        if (WindowScale is { } shift)
        {
            BinaryPrimitives.WriteUInt32BigEndian(destination, (uint)NoOperation << 24 | WindowScaleKind << 16 | 3 << 8 | shift);
            destination = destination[4..];
        }

        if (SackBlockCount > 0)
        {
            BinaryPrimitives.WriteUInt32BigEndian(
                destination,
                (uint)NoOperation << 24 | NoOperation << 16 | SackKind << 8 | (uint)(2 + (8 * SackBlockCount)));
            for (int i = 0; i < SackBlockCount; i++)
            {
                destination = destination[(i == 0 ? 4 : 8)..];
                BinaryPrimitives.WriteUInt32BigEndian(destination, _sackBlocks[i].Left);
                BinaryPrimitives.WriteUInt32BigEndian(destination[4..], _sackBlocks[i].Right);
            }
        }

        return length;
    }

    public readonly bool Equals(TcpOptions other) =>
        MaximumSegmentSize == other.MaximumSegmentSize
        && WindowScale == other.WindowScale
        && SackPermitted == other.SackPermitted
        && HasTimestamps == other.HasTimestamps
        && TimestampValue == other.TimestampValue
        && TimestampEchoReply == other.TimestampEchoReply
        && SackBlockCount == other.SackBlockCount
        && ((ReadOnlySpan<SackBlock>)_sackBlocks)[..SackBlockCount].SequenceEqual(((ReadOnlySpan<SackBlock>)other._sackBlocks)[..SackBlockCount]);

    public override readonly bool Equals(object? obj) => obj is TcpOptions other && Equals(other);

    public override readonly int GetHashCode() => HashCode.Combine(MaximumSegmentSize, WindowScale, SackPermitted, TimestampValue, TimestampEchoReply, SackBlockCount);

    public static bool operator ==(TcpOptions left, TcpOptions right) => left.Equals(right);

    public static bool operator !=(TcpOptions left, TcpOptions right) => !left.Equals(right);
}
