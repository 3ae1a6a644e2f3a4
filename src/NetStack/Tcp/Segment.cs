using System.Buffers.Binary;
using Keyhole.Packets;

namespace Keyhole.NetStack;

/// <summary>A received segment with the options that matter after the handshake (RFC 9293 section 3.10.7 names).</summary>
internal readonly ref struct Segment
{
    // NOP, NOP, timestamps of length 10: what nearly every segment of a connection with timestamps carries (RFC 7323 appendix A).
    private const uint AlignedTimestamps = 0x0101_080A;

    private Segment(in TcpView view, scoped in TcpOptions options)
        : this(view, options.HasTimestamps, options.TimestampValue, options.TimestampEchoReply)
    {
        SackBlockCount = options.SackBlockCount;
        for (int i = 0; i < SackBlockCount; i++)
            SackBlocks[i] = options.GetSackBlock(i);
    }

    private Segment(in TcpView view, bool hasTimestamps, uint timestampValue, uint timestampEchoReply)
    {
        Seq = view.SequenceNumber;
        Ack = view.AcknowledgmentNumber;
        Window = view.Window;
        Flags = view.Flags;
        Payload = view.Payload;
        HasTimestamps = hasTimestamps;
        TimestampValue = timestampValue;
        TimestampEchoReply = timestampEchoReply;
    }

    public readonly uint Seq;
    public readonly uint Ack;
    public readonly uint TimestampValue;
    public readonly uint TimestampEchoReply;
    public readonly ushort Window;
    public readonly TcpFlags Flags;
    public readonly bool HasTimestamps;
    public readonly int SackBlockCount;
    public readonly SackBlocks SackBlocks;
    public readonly ReadOnlySpan<byte> Payload;

    public bool IsRst => (Flags & TcpFlags.Rst) != 0;

    public bool IsSyn => (Flags & TcpFlags.Syn) != 0;

    public bool IsAck => (Flags & TcpFlags.Ack) != 0;

    public bool IsFin => (Flags & TcpFlags.Fin) != 0;

    /// <summary>SEG.LEN: the payload, one for SYN, one for FIN.</summary>
    public int Length => Payload.Length + (IsSyn ? 1 : 0) + (IsFin ? 1 : 0);

    /// <summary>The sequence number behind the segment.</summary>
    public uint End => Seq + (uint)Length;

    /// <summary>False when an option's length is illegal.</summary>
    public static bool TryParse(in TcpView view, out Segment segment)
    {
        var options = view.Options;
        if (options.Length == 12 && BinaryPrimitives.ReadUInt32BigEndian(options) == AlignedTimestamps)
        {
            segment = new Segment(view, true, BinaryPrimitives.ReadUInt32BigEndian(options[4..]), BinaryPrimitives.ReadUInt32BigEndian(options[8..]));
            return true;
        }

        if (options.IsEmpty)
        {
            segment = new Segment(view, false, 0, 0);
            return true;
        }

        if (TcpOptions.TryParse(options, out var parsed))
        {
            segment = new Segment(view, parsed);
            return true;
        }

        segment = default;
        return false;
    }
}
