using System.Buffers.Binary;
using Keyhole.Contracts;

namespace Keyhole.Perf;

/// <summary>The frames of a WebSocket (RFC 6455) as a client sees them: those of the server are whole messages and bare, its own are masked.</summary>
internal static class CrowdFrames
{
    internal const int Text = 1;
    internal const int Ping = 9;
    internal const int Pong = 10;

    private const byte Final = 0x80;
    private const byte Masked = 0x80;
    private const int OneByte = 125;
    private const int TwoBytes = 126;
    private const int MaskLength = 4;

    /// <summary>Makes the frame of a message.</summary>
    internal static byte[] Make(AgentMessage message) => Make(Text, AgentWire.Write(message));

    internal static byte[] Make(int kind, ReadOnlySpan<byte> payload)
    {
        int header = payload.Length <= OneByte ? 2 : 4;
        var frame = new byte[header + MaskLength + payload.Length];
        frame[0] = (byte)(Final | kind);
        frame[1] = (byte)(Masked | (header == 2 ? payload.Length : TwoBytes));
        if (header == 4)
            BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(2), checked((ushort)payload.Length));
        // Any mask will do for a server that nobody stands before; this one costs it what any other does.
        frame.AsSpan(header, MaskLength).Fill(0x5a);
        for (int index = 0; index < payload.Length; index++)
            frame[header + MaskLength + index] = (byte)(payload[index] ^ 0x5a);
        return frame;
    }

    /// <summary>The first frame in what was received.</summary>
    /// <returns>Its length with the header; 0 while it is not whole.</returns>
    internal static int TryRead(ReadOnlySpan<byte> received, out int kind, out ReadOnlySpan<byte> payload)
    {
        kind = 0;
        payload = default;
        if (received.Length < 2)
            return 0;
        if ((received[0] & Final) == 0)
            throw new InvalidOperationException("The server cuts messages into frames.");
        kind = received[0] & 0x0f;
        int code = received[1];
        int header = code <= OneByte ? 2 : code == TwoBytes ? 4 : 10;
        if (received.Length < header)
            return 0;
        long length = header == 2 ? code : header == 4 ? BinaryPrimitives.ReadUInt16BigEndian(received[2..]) : BinaryPrimitives.ReadInt64BigEndian(received[2..]);
        if (received.Length - header < length)
            return 0;
        payload = received.Slice(header, (int)length);
        return header + (int)length;
    }
}
