using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Keyhole.Cryptography;

/// <summary>Vector steps that the portable API lacks or compiles badly. Each is one instruction where the processor has it.</summary>
internal static class Lanes
{
    /// <summary>The product of the low halves of each 64-bit lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<ulong> MultiplyLow32(Vector256<ulong> left, Vector256<ulong> right) => Avx2.IsSupported
        ? Avx2.Multiply(left.AsUInt32(), right.AsUInt32())
        : (left & Vector256.Create((ulong)uint.MaxValue)) * (right & Vector256.Create((ulong)uint.MaxValue));

    /// <summary>Shifts each lane by its own count; counts of 64 and more give zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<ulong> ShiftLeft(Vector256<ulong> value, Vector256<ulong> count) => Avx2.IsSupported
        ? Avx2.ShiftLeftLogicalVariable(value, count)
        : Vector256.Create(ShiftLeft(value[0], count[0]), ShiftLeft(value[1], count[1]), ShiftLeft(value[2], count[2]), ShiftLeft(value[3], count[3]));

    private static ulong ShiftLeft(ulong value, ulong count) => count >= 64 ? 0 : value << (int)count;

    /// <summary>Takes, within each 128-bit half, the bytes that the mask names.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<uint> ShuffleBytes(Vector256<uint> value, Vector256<uint> mask) => Avx2.IsSupported
        ? Avx2.Shuffle(value.AsByte(), mask.AsByte()).AsUInt32()
        : Vector256.Create(
            Vector128.Shuffle(value.GetLower().AsByte(), mask.GetLower().AsByte()),
            Vector128.Shuffle(value.GetUpper().AsByte(), mask.GetUpper().AsByte())).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<uint> RotateLeft16(Vector256<uint> value) => ShuffleBytes(value, Vector256.Create(
        (byte)2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13).AsUInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<uint> RotateLeft8(Vector256<uint> value) => ShuffleBytes(value, Vector256.Create(
        (byte)3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15, 12, 13, 14, 3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15, 12, 13, 14).AsUInt32());

    /// <summary>Lane i of each 128-bit half becomes what lane i + 1 was.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<uint> RotateRowLeft1(Vector256<uint> row) => Vector256.Shuffle(row, Vector256.Create(1u, 2, 3, 0, 5, 6, 7, 4));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<uint> RotateRowLeft2(Vector256<uint> row) => Vector256.Shuffle(row, Vector256.Create(2u, 3, 0, 1, 6, 7, 4, 5));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<uint> RotateRowLeft3(Vector256<uint> row) => Vector256.Shuffle(row, Vector256.Create(3u, 0, 1, 2, 7, 4, 5, 6));

    /// <summary>Interleaves the low lanes of each 128-bit half.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<uint> UnpackLow(Vector256<uint> left, Vector256<uint> right) => Avx2.IsSupported
        ? Avx2.UnpackLow(left, right)
        : Vector256.Create(UnpackLow(left.GetLower(), right.GetLower()), UnpackLow(left.GetUpper(), right.GetUpper()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<uint> UnpackHigh(Vector256<uint> left, Vector256<uint> right) => Avx2.IsSupported
        ? Avx2.UnpackHigh(left, right)
        : Vector256.Create(UnpackHigh(left.GetLower(), right.GetLower()), UnpackHigh(left.GetUpper(), right.GetUpper()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<ulong> UnpackLow(Vector256<ulong> left, Vector256<ulong> right) => Avx2.IsSupported
        ? Avx2.UnpackLow(left, right)
        : Vector256.Create(left[0], right[0], left[2], right[2]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<ulong> UnpackHigh(Vector256<ulong> left, Vector256<ulong> right) => Avx2.IsSupported
        ? Avx2.UnpackHigh(left, right)
        : Vector256.Create(left[1], right[1], left[3], right[3]);

    /// <summary>The lower halves of both.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<uint> LowerHalves(Vector256<uint> left, Vector256<uint> right) => Avx2.IsSupported
        ? Avx2.Permute2x128(left, right, 0x20)
        : Vector256.Create(left.GetLower(), right.GetLower());

    /// <summary>The upper halves of both.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<uint> UpperHalves(Vector256<uint> left, Vector256<uint> right) => Avx2.IsSupported
        ? Avx2.Permute2x128(left, right, 0x31)
        : Vector256.Create(left.GetUpper(), right.GetUpper());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<uint> UnpackLow(Vector128<uint> left, Vector128<uint> right) => Sse2.IsSupported
        ? Sse2.UnpackLow(left, right)
        : Vector128.Create(left[0], right[0], left[1], right[1]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<uint> UnpackHigh(Vector128<uint> left, Vector128<uint> right) => Sse2.IsSupported
        ? Sse2.UnpackHigh(left, right)
        : Vector128.Create(left[2], right[2], left[3], right[3]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<uint> LowerHalves(Vector128<uint> left, Vector128<uint> right) =>
        Vector128.Create(left.GetLower(), right.GetLower());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<uint> UpperHalves(Vector128<uint> left, Vector128<uint> right) =>
        Vector128.Create(left.GetUpper(), right.GetUpper());
}
