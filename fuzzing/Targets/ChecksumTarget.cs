using Keyhole.Packets;

namespace Keyhole.Fuzz;

/// <summary>The vector code of the checksum against one addition per word, at any length, alignment and split.</summary>
internal sealed class ChecksumTarget : IFuzzTarget
{
    private readonly byte[] _copy = new byte[4096];

    public string Name => "checksum";

    public string Door => "bytes to Checksum.Sum, CopySum and Update, against a naive twin";

    public int MaximumLength => 4096;

    public IEnumerable<(string Name, byte[] Input)> Seeds
    {
        get
        {
            foreach (int length in new[] { 0, 1, 2, 3, 7, 8, 31, 32, 63, 64, 65, 127, 128, 255, 1380, 1500 })
                yield return ($"ones-{length:0000}", [.. Enumerable.Repeat((byte)0xFF, length)]);
            yield return ("zeros-0040", new byte[40]);
            yield return ("rising-0300", [.. Enumerable.Range(0, 300).Select(i => (byte)i)]);
        }
    }

    public ulong Run(Span<byte> input)
    {
        ushort expected = Naive(input);
        Promise.Holds(Checksum.Fold(Checksum.Sum(input)) == expected);
        Promise.Holds(Checksum.Fold(Checksum.CopySum(input, _copy)) == expected);
        Promise.Holds(input.SequenceEqual(_copy.AsSpan(0, input.Length)));
        if (input.Length >= 4)
        {
            // Any even split, and any one word exchanged.
            int split = BitConverter.ToUInt16(input) % input.Length & ~1;
            Promise.Holds(Checksum.Fold(Checksum.Sum(input[split..], Checksum.Sum(input[..split]))) == expected);
            int at = BitConverter.ToUInt16(input[2..]) % (input.Length - 1) & ~1;
            ushort old = (ushort)(input[at] << 8 | input[at + 1]);
            ushort before = Checksum.Finish(Checksum.Sum(input));
            (input[at], input[at + 1]) = (0x12, 0x34);
            ushort updated = Checksum.Update(before, old, 0x1234);
            ushort after = Checksum.Finish(Checksum.Sum(input));
            // 0x0000 and 0xFFFF are the same number in ones' complement.
            Promise.Holds(updated == after || (updated is 0 or 0xFFFF && after is 0 or 0xFFFF));
        }

        return (ulong)long.Log2(input.Length + 1);
    }

    private static ushort Naive(ReadOnlySpan<byte> bytes)
    {
        uint sum = 0;
        for (int i = 0; i < bytes.Length; i += 2)
        {
            sum += (uint)(bytes[i] << 8 | (i + 1 < bytes.Length ? bytes[i + 1] : 0));
            sum = (sum & 0xFFFF) + (sum >> 16);
        }

        return (ushort)sum;
    }
}
