namespace Keyhole.Fuzz;

/// <summary>
/// A program for a TCP stack, its peers and its host. Segments are made to fit the connection (in window, at its edges,
/// overlapping), or come raw from the input. The bytes of a stream follow from their place in it, so that what the host reads is
/// checked whatever order they came in.
/// </summary>
internal sealed class TcpStackTarget : IFuzzTarget
{
    private const int MostOperations = 150;

    public string Name => "tcp-stack";

    public string Door => "operation sequences on TcpStack: segments, dials, reads, writes, closes, time, removed peers";

    public int MaximumLength => 1200;

    public IEnumerable<(string Name, byte[] Input)> Seeds
    {
        get
        {
            byte[] open = [.. Segment(2, 0, 0, 0), 2, 0, .. Segment(16, 1, 0, 0)];
            yield return ("open-accepted", open);
            yield return ("open-refused", [.. Segment(2, 0, 0, 0), 2, 1]);
            yield return ("open-unreachable", [.. Segment(2, 0, 0, 0), 2, 2]);
            yield return ("data-in-order", [.. open, .. Segment(24, 1, 0, 100), .. Segment(24, 101, 0, 50), 3, 255]);
            yield return ("data-with-hole", [.. open, .. Segment(24, 101, 0, 50), .. Segment(24, 51, 0, 50), .. Segment(24, 1, 0, 50), 3, 255]);
            yield return ("data-overlapping", [.. open, .. Segment(24, 21, 0, 80), .. Segment(24, 1, 0, 60), 3, 255]);
            yield return ("fin-and-half-close", [.. open, .. Segment(17, 1, 0, 10), 3, 255, 4, 200, 5, 7, .. Segment(16, 12, 1, 0)]);
            yield return ("send-and-retransmit", [.. open, 4, 255, 7, 6, 40, 6, 80, 6, 160, .. Segment(16, 1, 1, 0)]);
            yield return ("reset", [.. open, .. Segment(4, 1, 0, 0)]);
            yield return ("reset-off-by-one", [.. open, .. Segment(4, 2, 0, 0)]);
            yield return ("zero-window", [.. open, 4, 255, 1, 16, 0, 1, 0, 0, 0, 0, 7, 6, 60, 6, 120]);
            yield return ("peer-removed", [.. open, 4, 255, 7, 8, .. Segment(24, 1, 0, 100)]);
            yield return ("abort", [.. open, .. Segment(24, 1, 0, 100), 9, 7]);
            yield return ("raw-syn", [0, .. OperationReader.WriteBlock(SamplePackets.Tcp(true, Packets.TcpFlags.Syn, 5, 0, default, []))]);
            yield return ("blocked-sink", [.. open, 10, 4, 255, 7, 6, 5, 10, 7]);
        }
    }

    public void Repair(Span<byte> input)
    {
        if (input.Length < 3 || input[0] % TcpWorld.OperationCount != 0)
            return;
        int length = Math.Min(input[1] << 8 | input[2], input.Length - 3);
        SamplePackets.Repair(input.Slice(3, length));
    }

    public ulong Run(Span<byte> input)
    {
        var world = new TcpWorld();
        var reader = new OperationReader(input);
        for (int i = 0; i < MostOperations && !reader.IsEmpty; i++)
            world.Step(ref reader);
        return world.Finish();
    }

    /// <summary>The operation that sends a segment: flags, place in the stream, what it acknowledges, length, full window.</summary>
    private static byte[] Segment(byte flags, ushort offset, byte acknowledged, ushort length) =>
        [1, flags, (byte)(offset >> 8), (byte)offset, acknowledged, (byte)(length >> 8), (byte)length, 255];
}
