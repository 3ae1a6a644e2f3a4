using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Limbs = System.Runtime.Intrinsics.Vector512<ulong>;
using Words = System.Runtime.Intrinsics.Vector512<uint>;

namespace Keyhole.Cryptography;

/// <summary>The steps of <see cref="Lanes"/> on 512 bits. Without AVX-512 they are emulated, slowly: that is for tests.</summary>
internal static unsafe class Lanes512
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Words RotateLeft16(Words value) => Avx512F.IsSupported ? Avx512F.RotateLeft(value, 16) : (value << 16) | (value >>> 16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Words RotateLeft12(Words value) => Avx512F.IsSupported ? Avx512F.RotateLeft(value, 12) : (value << 12) | (value >>> 20);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Words RotateLeft8(Words value) => Avx512F.IsSupported ? Avx512F.RotateLeft(value, 8) : (value << 8) | (value >>> 24);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Words RotateLeft7(Words value) => Avx512F.IsSupported ? Avx512F.RotateLeft(value, 7) : (value << 7) | (value >>> 25);

    /// <summary>Lane i of each 128-bit quarter becomes what lane i + 1 was.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Words RotateRowLeft1(Words row) => Avx512F.IsSupported
        ? Avx512F.Shuffle(row, 0x39)
        : Vector512.Shuffle(row, Vector512.Create(1u, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Words RotateRowLeft2(Words row) => Avx512F.IsSupported
        ? Avx512F.Shuffle(row, 0x4e)
        : Vector512.Shuffle(row, Vector512.Create(2u, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Words RotateRowLeft3(Words row) => Avx512F.IsSupported
        ? Avx512F.Shuffle(row, 0x93)
        : Vector512.Shuffle(row, Vector512.Create(3u, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15, 12, 13, 14));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Words UnpackLow(Words left, Words right) => Avx512F.IsSupported
        ? Avx512F.UnpackLow(left, right)
        : Vector512.Create(Lanes.UnpackLow(left.GetLower(), right.GetLower()), Lanes.UnpackLow(left.GetUpper(), right.GetUpper()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Words UnpackHigh(Words left, Words right) => Avx512F.IsSupported
        ? Avx512F.UnpackHigh(left, right)
        : Vector512.Create(Lanes.UnpackHigh(left.GetLower(), right.GetLower()), Lanes.UnpackHigh(left.GetUpper(), right.GetUpper()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Limbs UnpackLow(Limbs left, Limbs right) => Avx512F.IsSupported
        ? Avx512F.UnpackLow(left, right)
        : Vector512.Create(Lanes.UnpackLow(left.GetLower(), right.GetLower()), Lanes.UnpackLow(left.GetUpper(), right.GetUpper()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Limbs UnpackHigh(Limbs left, Limbs right) => Avx512F.IsSupported
        ? Avx512F.UnpackHigh(left, right)
        : Vector512.Create(Lanes.UnpackHigh(left.GetLower(), right.GetLower()), Lanes.UnpackHigh(left.GetUpper(), right.GetUpper()));

    /// <summary>Quarters 0 and 1 of both.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Words LowerHalves(Words left, Words right) => Avx512F.IsSupported
        ? Avx512F.Shuffle4x128(left, right, 0x44)
        : Vector512.Create(left.GetLower(), right.GetLower());

    /// <summary>Quarters 2 and 3 of both.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Words UpperHalves(Words left, Words right) => Avx512F.IsSupported
        ? Avx512F.Shuffle4x128(left, right, 0xee)
        : Vector512.Create(left.GetUpper(), right.GetUpper());

    /// <summary>Quarters 0 and 2 of both.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Words EvenQuarters(Words left, Words right) => Avx512F.IsSupported
        ? Avx512F.Shuffle4x128(left, right, 0x88)
        : Vector512.Create(Lanes.LowerHalves(left.GetLower(), left.GetUpper()), Lanes.LowerHalves(right.GetLower(), right.GetUpper()));

    /// <summary>Quarters 1 and 3 of both.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Words OddQuarters(Words left, Words right) => Avx512F.IsSupported
        ? Avx512F.Shuffle4x128(left, right, 0xdd)
        : Vector512.Create(Lanes.UpperHalves(left.GetLower(), left.GetUpper()), Lanes.UpperHalves(right.GetLower(), right.GetUpper()));

    /// <summary>The four words at <paramref name="row"/> in every quarter.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Words Row(uint* row) => Avx512F.IsSupported
        ? Avx512F.BroadcastVector128ToVector512(row)
        : Vector512.Create(Vector256.Create(Vector128.Load(row), Vector128.Load(row)), Vector256.Create(Vector128.Load(row), Vector128.Load(row)));

    /// <summary>The product of the low halves of each 64-bit lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Limbs MultiplyLow32(Limbs left, Limbs right) => Avx512F.IsSupported
        ? Avx512F.Multiply(left.AsUInt32(), right.AsUInt32())
        : Vector512.Create(Lanes.MultiplyLow32(left.GetLower(), right.GetLower()), Lanes.MultiplyLow32(left.GetUpper(), right.GetUpper()));

    /// <summary>Shifts each lane by its own count; counts of 64 and more give zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Limbs ShiftLeft(Limbs value, Limbs count) => Avx512F.IsSupported
        ? Avx512F.ShiftLeftLogicalVariable(value, count)
        : Vector512.Create(Lanes.ShiftLeft(value.GetLower(), count.GetLower()), Lanes.ShiftLeft(value.GetUpper(), count.GetUpper()));

    /// <summary>(left | right) &amp; mask.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Limbs OrAnd(Limbs left, Limbs right, Limbs mask) => Avx512F.IsSupported
        ? Avx512F.TernaryLogic(left, right, mask, 0xa8)
        : (left | right) & mask;

    /// <summary>Lane 0 in every lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Limbs First(Limbs value) => Avx512F.IsSupported
        ? Avx512F.BroadcastScalarToVector512(value.GetLower().GetLower())
        : Vector512.Create(value.GetElement(0));

    /// <summary>Eight 64-bit lanes of which only <paramref name="from"/> to below <paramref name="to"/> are read, zero elsewhere.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Limbs Load(byte* source, long from, long to)
    {
        if (Avx512F.IsSupported)
        {
            var lanes = Vector512.Create(0L, 1, 2, 3, 4, 5, 6, 7);
            var mask = Vector512.GreaterThanOrEqual(lanes, Vector512.Create(from)) & Vector512.LessThan(lanes, Vector512.Create(to));
            return Avx512F.MaskLoad((ulong*)source, mask.AsUInt64(), Limbs.Zero);
        }
        Limbs result = Limbs.Zero;
        for (int i = (int)Math.Max(from, 0); i < Math.Min(to, 8); i++)
            ((ulong*)&result)[i] = ((ulong*)source)[i];
        return result;
    }

    /// <summary>text ^= stream in the first 0 to 63 bytes of a block; nothing behind them is touched.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void XorPartial(byte* text, byte* stream, int length)
    {
        if (Avx512BW.IsSupported)
        {
            var mask = Vector512.LessThan(Vector512<byte>.Indices, Vector512.Create((byte)length));
            Avx512BW.MaskStore(text, mask, Avx512BW.MaskLoad(text, mask, Vector512<byte>.Zero) ^ Vector512.Load(stream));
            return;
        }
        KeyStream.Apply(text, stream, length);
    }
}
