using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Limbs = System.Runtime.Intrinsics.Vector512<ulong>;
using Words = System.Runtime.Intrinsics.Vector512<uint>;

namespace Keyhole.Cryptography;

/// <summary>
/// The key stream of one packet and the tag of another in one pass: a double round of ChaCha20 and a step of Poly1305 take turns, so that each fills
/// the latencies of the other. 24 blocks by rows leave eight registers, sixteen by words leave sixteen, for one sum of Poly1305 at a time; its limbs
/// lie in the table (<see cref="Poly1305Vector512"/>).
/// </summary>
/// <remarks><c>table</c> and <c>written</c> are the same memory: with two names the compiler neither forwards nor hoists.</remarks>
internal static unsafe class FusedVector512
{
    private const ulong LimbMask = 0x3ffffff;
    private const int GroupLength = ChaCha20Rows512.FewBlocks * ChaCha20Scalar.BlockLength;

    /// <summary>Writes the key stream of blocks 0 to 15 of one packet and the tag of another, whose table is prepared.</summary>
    /// <param name="tagText">The text to be tagged, <paramref name="tagKey"/> its 32 bytes r and s.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void SixteenBlocks(uint* key, ulong counter, byte* stream, byte* tagText, int tagLength, byte* tagKey, byte* tag, Limbs* table)
    {
        int stepCount = Poly1305Vector512.Prepare(tagText, tagLength, tagKey, table);
        RunSixteen(key, counter, stream, tagText, tagLength, stepCount, table, table);
        FinishTag(tagText, tagLength, stepCount, tagKey, tag, table);
    }

    /// <summary>As <see cref="SixteenBlocks"/> with blocks 0 to 23.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void AllBlocks(uint* key, ulong counter, byte* stream, byte* tagText, int tagLength, byte* tagKey, byte* tag, Limbs* table)
    {
        int stepCount = Poly1305Vector512.Prepare(tagText, tagLength, tagKey, table);
        RunAll(key, counter, stream, tagText, tagLength, stepCount, table, table);
        FinishRows(key, counter, stream);
        FinishTag(tagText, tagLength, stepCount, tagKey, tag, table);
    }

    /// <summary>The steps that the ten double rounds had no room for, then the tag.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FinishTag(byte* text, int length, int stepCount, byte* tagKey, byte* tag, Limbs* table)
    {
        for (int step = ChaCha20Scalar.DoubleRoundCount; step < stepCount; step++)
            Step(Poly1305Vector512.Place(text, length, step, stepCount, table), step, stepCount, table, table);
        Poly1305Vector512.Finish(table, tagKey, tag);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Step(byte* place, int step, int stepCount, Limbs* table, Limbs* written)
    {
        Limbs* r = table + Poly1305Vector512.Multipliers(step, stepCount);
        Split(place, table + Poly1305Vector512.HighBits(step), table, written);
        Limbs carry = Limbs.Zero;
        Limb(0, ref carry, r, table, written);
        Limb(1, ref carry, r, table, written);
        Limb(2, ref carry, r, table, written);
        Limb(3, ref carry, r, table, written);
        Limb(4, ref carry, r, table, written);
        FoldCarry(carry, table, written);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void RunSixteen(uint* key, ulong counter, byte* stream, byte* text, int length, int stepCount, Limbs* table, Limbs* written)
    {
        Words x0 = Vector512.Create(key[0]), x1 = Vector512.Create(key[1]), x2 = Vector512.Create(key[2]), x3 = Vector512.Create(key[3]);
        Words x4 = Vector512.Create(key[4]), x5 = Vector512.Create(key[5]), x6 = Vector512.Create(key[6]), x7 = Vector512.Create(key[7]);
        Words x8 = Vector512.Create(key[8]), x9 = Vector512.Create(key[9]), x10 = Vector512.Create(key[10]), x11 = Vector512.Create(key[11]);
        Words x12 = Words.Indices, x13 = Words.Zero, x14 = Vector512.Create((uint)counter), x15 = Vector512.Create((uint)(counter >> 32));
        for (int step = 0; step < ChaCha20Scalar.DoubleRoundCount; step++)
        {
            Limbs carry = Limbs.Zero;
            Limbs* r = table + Poly1305Vector512.Multipliers(step, stepCount);
            bool tagging = step < stepCount;
            if (tagging)
                Split(Poly1305Vector512.Place(text, length, step, stepCount, table), table + Poly1305Vector512.HighBits(step), table, written);
            ChaCha20Vector512.AddRotate16(ref x0, x4, ref x12, ref x1, x5, ref x13, ref x2, x6, ref x14, ref x3, x7, ref x15);
            ChaCha20Vector512.AddRotate12(ref x8, x12, ref x4, ref x9, x13, ref x5, ref x10, x14, ref x6, ref x11, x15, ref x7);
            if (tagging)
            {
                Limb(0, ref carry, r, table, written);
                Limb(1, ref carry, r, table, written);
            }
            ChaCha20Vector512.AddRotate8(ref x0, x4, ref x12, ref x1, x5, ref x13, ref x2, x6, ref x14, ref x3, x7, ref x15);
            ChaCha20Vector512.AddRotate7(ref x8, x12, ref x4, ref x9, x13, ref x5, ref x10, x14, ref x6, ref x11, x15, ref x7);
            if (tagging)
                Limb(2, ref carry, r, table, written);
            ChaCha20Vector512.AddRotate16(ref x0, x5, ref x15, ref x1, x6, ref x12, ref x2, x7, ref x13, ref x3, x4, ref x14);
            ChaCha20Vector512.AddRotate12(ref x10, x15, ref x5, ref x11, x12, ref x6, ref x8, x13, ref x7, ref x9, x14, ref x4);
            if (tagging)
                Limb(3, ref carry, r, table, written);
            ChaCha20Vector512.AddRotate8(ref x0, x5, ref x15, ref x1, x6, ref x12, ref x2, x7, ref x13, ref x3, x4, ref x14);
            if (tagging)
            {
                Limb(4, ref carry, r, table, written);
                FoldCarry(carry, table, written);
            }
            ChaCha20Vector512.AddRotate7(ref x10, x15, ref x5, ref x11, x12, ref x6, ref x8, x13, ref x7, ref x9, x14, ref x4);
        }
        ChaCha20Vector512.Store(
            x0 + Vector512.Create(key[0]), x1 + Vector512.Create(key[1]), x2 + Vector512.Create(key[2]), x3 + Vector512.Create(key[3]),
            x4 + Vector512.Create(key[4]), x5 + Vector512.Create(key[5]), x6 + Vector512.Create(key[6]), x7 + Vector512.Create(key[7]),
            x8 + Vector512.Create(key[8]), x9 + Vector512.Create(key[9]), x10 + Vector512.Create(key[10]), x11 + Vector512.Create(key[11]),
            x12 + Words.Indices, x13, x14 + Vector512.Create((uint)counter), x15 + Vector512.Create((uint)(counter >> 32)), stream, ChaCha20Scalar.BlockLength);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void RunAll(uint* key, ulong counter, byte* stream, byte* text, int length, int stepCount, Limbs* table, Limbs* written)
    {
        Words a0 = Lanes512.Row(key), b0 = Lanes512.Row(key + 4), c0 = Lanes512.Row(key + 8), d0 = ChaCha20Rows512.LastRow(counter, 0);
        Words a1 = a0, b1 = b0, c1 = c0, d1 = ChaCha20Rows512.LastRow(counter, 4), a2 = a0, b2 = b0, c2 = c0, d2 = ChaCha20Rows512.LastRow(counter, 8);
        Words a3 = a0, b3 = b0, c3 = c0, d3 = ChaCha20Rows512.LastRow(counter, 12), a4 = a0, b4 = b0, c4 = c0, d4 = ChaCha20Rows512.LastRow(counter, 16);
        Words a5 = a0, b5 = b0, c5 = c0, d5 = ChaCha20Rows512.LastRow(counter, 20);
        for (int step = 0; step < ChaCha20Scalar.DoubleRoundCount; step++)
        {
            Limbs carry = Limbs.Zero;
            Limbs* r = table + Poly1305Vector512.Multipliers(step, stepCount);
            bool tagging = step < stepCount;
            if (tagging)
                Split(Poly1305Vector512.Place(text, length, step, stepCount, table), table + Poly1305Vector512.HighBits(step), table, written);
            ChaCha20Rows512.AddRotate16(ref a0, b0, ref d0, ref a1, b1, ref d1);
            ChaCha20Rows512.AddRotate16(ref a2, b2, ref d2, ref a3, b3, ref d3);
            ChaCha20Rows512.AddRotate16(ref a4, b4, ref d4, ref a5, b5, ref d5);
            ChaCha20Rows512.AddRotate12(ref c0, d0, ref b0, ref c1, d1, ref b1);
            ChaCha20Rows512.AddRotate12(ref c2, d2, ref b2, ref c3, d3, ref b3);
            ChaCha20Rows512.AddRotate12(ref c4, d4, ref b4, ref c5, d5, ref b5);
            if (tagging)
                Limb(0, ref carry, r, table, written);
            ChaCha20Rows512.AddRotate8(ref a0, b0, ref d0, ref a1, b1, ref d1);
            ChaCha20Rows512.AddRotate8(ref a2, b2, ref d2, ref a3, b3, ref d3);
            ChaCha20Rows512.AddRotate8(ref a4, b4, ref d4, ref a5, b5, ref d5);
            ChaCha20Rows512.AddRotate7(ref c0, d0, ref b0, ref c1, d1, ref b1);
            ChaCha20Rows512.AddRotate7(ref c2, d2, ref b2, ref c3, d3, ref b3);
            ChaCha20Rows512.AddRotate7(ref c4, d4, ref b4, ref c5, d5, ref b5);
            if (tagging)
                Limb(1, ref carry, r, table, written);
            ChaCha20Rows512.Diagonalise(ref a0, ref c0, ref d0);
            ChaCha20Rows512.Diagonalise(ref a1, ref c1, ref d1);
            ChaCha20Rows512.Diagonalise(ref a2, ref c2, ref d2);
            ChaCha20Rows512.Diagonalise(ref a3, ref c3, ref d3);
            ChaCha20Rows512.Diagonalise(ref a4, ref c4, ref d4);
            ChaCha20Rows512.Diagonalise(ref a5, ref c5, ref d5);
            ChaCha20Rows512.AddRotate16(ref a0, b0, ref d0, ref a1, b1, ref d1);
            ChaCha20Rows512.AddRotate16(ref a2, b2, ref d2, ref a3, b3, ref d3);
            ChaCha20Rows512.AddRotate16(ref a4, b4, ref d4, ref a5, b5, ref d5);
            if (tagging)
                Limb(2, ref carry, r, table, written);
            ChaCha20Rows512.AddRotate12(ref c0, d0, ref b0, ref c1, d1, ref b1);
            ChaCha20Rows512.AddRotate12(ref c2, d2, ref b2, ref c3, d3, ref b3);
            ChaCha20Rows512.AddRotate12(ref c4, d4, ref b4, ref c5, d5, ref b5);
            if (tagging)
                Limb(3, ref carry, r, table, written);
            ChaCha20Rows512.AddRotate8(ref a0, b0, ref d0, ref a1, b1, ref d1);
            ChaCha20Rows512.AddRotate8(ref a2, b2, ref d2, ref a3, b3, ref d3);
            ChaCha20Rows512.AddRotate8(ref a4, b4, ref d4, ref a5, b5, ref d5);
            if (tagging)
            {
                Limb(4, ref carry, r, table, written);
                FoldCarry(carry, table, written);
            }
            ChaCha20Rows512.AddRotate7(ref c0, d0, ref b0, ref c1, d1, ref b1);
            ChaCha20Rows512.AddRotate7(ref c2, d2, ref b2, ref c3, d3, ref b3);
            ChaCha20Rows512.AddRotate7(ref c4, d4, ref b4, ref c5, d5, ref b5);
            ChaCha20Rows512.Undiagonalise(ref a0, ref c0, ref d0);
            ChaCha20Rows512.Undiagonalise(ref a1, ref c1, ref d1);
            ChaCha20Rows512.Undiagonalise(ref a2, ref c2, ref d2);
            ChaCha20Rows512.Undiagonalise(ref a3, ref c3, ref d3);
            ChaCha20Rows512.Undiagonalise(ref a4, ref c4, ref d4);
            ChaCha20Rows512.Undiagonalise(ref a5, ref c5, ref d5);
        }
        Put(a0, b0, c0, d0, stream);
        Put(a1, b1, c1, d1, stream + GroupLength);
        Put(a2, b2, c2, d2, stream + (2 * GroupLength));
        Put(a3, b3, c3, d3, stream + (3 * GroupLength));
        Put(a4, b4, c4, d4, stream + (4 * GroupLength));
        Put(a5, b5, c5, d5, stream + (5 * GroupLength));
    }

    /// <summary>Parks the rows of four blocks where their key stream will be.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(Words a, Words b, Words c, Words d, byte* stream)
    {
        a.Store((uint*)stream);
        b.Store((uint*)stream + 16);
        c.Store((uint*)stream + 32);
        d.Store((uint*)stream + 48);
    }

    /// <summary>Turns parked rows into key stream. A method of its own: with it the compiler would give up inlining in the kernel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void FinishRows(uint* key, ulong counter, byte* stream)
    {
        for (uint block = 0; block < ChaCha20Vector512.MostBlocks; block += ChaCha20Rows512.FewBlocks, stream += GroupLength)
        {
            uint* rows = (uint*)stream;
            ChaCha20Rows512.Store(
                Vector512.Load(rows), Vector512.Load(rows + 16), Vector512.Load(rows + 32), Vector512.Load(rows + 48), key, counter, block, stream);
        }
    }

    /// <summary>Splits both groups of a step into limbs in the table; h is added to those of group A.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Split(byte* place, Limbs* bits, Limbs* table, Limbs* written)
    {
        Poly1305Vector512.Split(place + 128, bits[0], out var m0, out var m1, out var m2, out var m3, out var m4);
        written[Poly1305Vector512.GroupB] = m0;
        written[Poly1305Vector512.GroupB + 1] = m1;
        written[Poly1305Vector512.GroupB + 2] = m2;
        written[Poly1305Vector512.GroupB + 3] = m3;
        written[Poly1305Vector512.GroupB + 4] = m4;
        Poly1305Vector512.Split(place, bits[1], out m0, out m1, out m2, out m3, out m4);
        written[Poly1305Vector512.GroupA] = m0 + table[Poly1305Vector512.Sum];
        written[Poly1305Vector512.GroupA + 1] = m1 + table[Poly1305Vector512.Sum + 1];
        written[Poly1305Vector512.GroupA + 2] = m2 + table[Poly1305Vector512.Sum + 2];
        written[Poly1305Vector512.GroupA + 3] = m3 + table[Poly1305Vector512.Sum + 3];
        written[Poly1305Vector512.GroupA + 4] = m4 + table[Poly1305Vector512.Sum + 4];
    }

    /// <summary>
    /// Limb <paramref name="i"/> of group B · B + group A · A, and the carry of the limb before it: limb j of a group meets r[i − j], or 5·r[i − j + 5],
    /// which a multiplier has at i − j + 9.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Limb(int i, ref Limbs carry, Limbs* r, Limbs* table, Limbs* written)
    {
        Limbs* q = r + Poly1305Vector512.MultiplierCount, a = table + Poly1305Vector512.GroupA, b = table + Poly1305Vector512.GroupB;
        Limbs sum = Lanes512.MultiplyLow32(r[i], b[0]);
        sum += Lanes512.MultiplyLow32(r[i >= 1 ? i - 1 : i + 8], b[1]);
        sum += Lanes512.MultiplyLow32(r[i >= 2 ? i - 2 : i + 7], b[2]);
        sum += Lanes512.MultiplyLow32(r[i >= 3 ? i - 3 : i + 6], b[3]);
        sum += Lanes512.MultiplyLow32(r[i >= 4 ? i - 4 : i + 5], b[4]);
        // Limbs 0 and 1 of h were carried last, so they come last; so does the carry, which keeps the limbs' sums independent of one another.
        sum += Lanes512.MultiplyLow32(q[i >= 2 ? i - 2 : i + 7], a[2]);
        sum += Lanes512.MultiplyLow32(q[i >= 3 ? i - 3 : i + 6], a[3]);
        sum += Lanes512.MultiplyLow32(q[i >= 4 ? i - 4 : i + 5], a[4]);
        sum += Lanes512.MultiplyLow32(q[i], a[0]);
        sum += Lanes512.MultiplyLow32(q[i >= 1 ? i - 1 : i + 8], a[1]);
        sum += carry;
        carry = sum >>> 26;
        written[Poly1305Vector512.Sum + i] = sum & Vector512.Create(LimbMask);
    }

    /// <summary>The carry out of limb 4 counts five in limb 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FoldCarry(Limbs carry, Limbs* table, Limbs* written)
    {
        Limbs h0 = table[Poly1305Vector512.Sum] + carry + (carry << 2);
        written[Poly1305Vector512.Sum] = h0 & Vector512.Create(LimbMask);
        written[Poly1305Vector512.Sum + 1] = table[Poly1305Vector512.Sum + 1] + (h0 >>> 26);
    }
}
