namespace Keyhole.NetStack.Tests.Scripts;

/// <summary>The two streams of a script: each byte follows from its position, and the periods share no factor with segment sizes.</summary>
internal static class Pattern
{
    private const int PeerPeriod = 251, OurPeriod = 241;

    private static readonly byte[] Peer = [.. Enumerable.Range(0, PeerPeriod + 65_536).Select(i => (byte)(i % PeerPeriod))];
    private static readonly byte[] Us = [.. Enumerable.Range(0, OurPeriod + 65_536).Select(i => (byte)(255 - (i % OurPeriod)))];

    public static void FromPeer(Span<byte> bytes, long position) => At(Peer, PeerPeriod, position, bytes.Length).CopyTo(bytes);

    public static void FromUs(Span<byte> bytes, long position) => At(Us, OurPeriod, position, bytes.Length).CopyTo(bytes);

    /// <summary>The index of the first wrong byte, or -1.</summary>
    public static int FirstDifferenceFromPeer(ReadOnlySpan<byte> bytes, long position) => FirstDifference(bytes, At(Peer, PeerPeriod, position, bytes.Length));

    /// <summary>The index of the first wrong byte, or -1.</summary>
    public static int FirstDifferenceFromUs(ReadOnlySpan<byte> bytes, long position) => FirstDifference(bytes, At(Us, OurPeriod, position, bytes.Length));

    private static ReadOnlySpan<byte> At(byte[] table, int period, long position, int length) =>
        table.AsSpan((int)(((position % period) + period) % period), length);

    private static int FirstDifference(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> expected)
    {
        int common = bytes.CommonPrefixLength(expected);
        return common == bytes.Length ? -1 : common;
    }
}
