using System.Buffers.Binary;

namespace Keyhole.Fuzz;

/// <summary>Changes inputs without knowing what they mean. The same random numbers make the same changes.</summary>
internal sealed class Mutator(Random random)
{
    private const int MostChanges = 6;

    private static readonly byte[] Bytes = [0, 1, 2, 4, 5, 6, 7, 8, 15, 16, 17, 20, 31, 32, 40, 58, 63, 64, 100, 127, 128, 255];
    private static readonly ushort[] Words = [0, 1, 7, 8, 19, 20, 21, 39, 40, 63, 64, 255, 256, 576, 1279, 1280, 1420, 1500, 0x7FFF, 0x8000, 0xFFFE, 0xFFFF];
    private static readonly uint[] DoubleWords = [0, 1, 0xFF, 0xFFFF, 0x1_0000, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFE, 0xFFFF_FFFF];

    /// <summary>A changed copy of an input; <paramref name="other"/> is where pieces may come from.</summary>
    internal byte[] Mutate(ReadOnlySpan<byte> input, ReadOnlySpan<byte> other, int maximumLength)
    {
        var bytes = new List<byte>(Math.Max(input.Length + 64, 64));
        bytes.AddRange(input);
        for (int changes = random.Next(1, MostChanges + 1); changes > 0; changes--)
            Change(bytes, other);
        if (bytes.Count > maximumLength)
            bytes.RemoveRange(maximumLength, bytes.Count - maximumLength);
        return [.. bytes];
    }

    private void Change(List<byte> bytes, ReadOnlySpan<byte> other)
    {
        if (bytes.Count == 0)
        {
            Insert(bytes);
            return;
        }

        switch (random.Next(12))
        {
            case 0 or 1:
                bytes[Any(bytes)] ^= (byte)(1 << random.Next(8));
                break;
            case 2:
                bytes[Any(bytes)] = (byte)random.Next(256);
                break;
            case 3 or 4:
                bytes[Any(bytes)] = Bytes[random.Next(Bytes.Length)];
                break;
            case 5:
                bytes[Any(bytes)] += (byte)random.Next(-4, 5);
                break;
            case 6:
                ReplaceWord(bytes);
                break;
            case 7:
                ReplaceDoubleWord(bytes);
                break;
            case 8:
                Insert(bytes);
                break;
            case 9:
                Remove(bytes);
                break;
            case 10:
                Repeat(bytes);
                break;
            default:
                Splice(bytes, other);
                break;
        }
    }

    private int Any(List<byte> bytes) => random.Next(bytes.Count);

    private void ReplaceWord(List<byte> bytes)
    {
        if (bytes.Count < 2)
            return;
        int at = random.Next(bytes.Count - 1);
        Span<byte> word = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(word, Words[random.Next(Words.Length)]);
        (bytes[at], bytes[at + 1]) = (word[0], word[1]);
    }

    private void ReplaceDoubleWord(List<byte> bytes)
    {
        if (bytes.Count < 4)
            return;
        int at = random.Next(bytes.Count - 3);
        Span<byte> word = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(word, DoubleWords[random.Next(DoubleWords.Length)]);
        for (int i = 0; i < 4; i++)
            bytes[at + i] = word[i];
    }

    private void Insert(List<byte> bytes)
    {
        int count = random.Next(4) == 0 ? random.Next(1, 200) : random.Next(1, 9);
        byte[] fresh = new byte[count];
        if (random.Next(2) == 0)
            random.NextBytes(fresh);
        bytes.InsertRange(random.Next(bytes.Count + 1), fresh);
    }

    private void Remove(List<byte> bytes)
    {
        int at = Any(bytes);
        // Cutting the tail off is what finds reads past the end.
        int count = random.Next(2) == 0 ? bytes.Count - at : random.Next(1, Math.Min(9, bytes.Count - at) + 1);
        bytes.RemoveRange(at, count);
    }

    private void Repeat(List<byte> bytes)
    {
        int at = Any(bytes);
        int count = random.Next(1, Math.Min(64, bytes.Count - at) + 1);
        bytes.InsertRange(random.Next(bytes.Count + 1), bytes.GetRange(at, count));
    }

    private void Splice(List<byte> bytes, ReadOnlySpan<byte> other)
    {
        if (other.IsEmpty)
            return;
        int from = random.Next(other.Length);
        int to = Any(bytes);
        bytes.RemoveRange(to, bytes.Count - to);
        bytes.AddRange(other[from..]);
    }
}
