using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Keyhole.Cryptography;

/// <summary>
/// Eight blocks at a time. Whole passes are combined with the text in registers; key stream goes through memory for the key block, the end of a
/// text and short packets only. In a batch, short packets share a pass: one lane per packet.
/// </summary>
internal sealed unsafe class Vector256Cipher : TransportCipher
{
    private const int BlockLength = ChaCha20Scalar.BlockLength;
    private const int LaneCount = ChaCha20Vector256.BlockCount;
    private const int PassLength = LaneCount * BlockLength;
    private const int FirstPassLength = PassLength - BlockLength;

    /// <summary>Longest text for which Poly1305 in 64-bit words beats vectors, which pay for powers of r first (EPYC, Zen 3).</summary>
    private const int LongestScalarTag = 208;

    // The thread's scratch: one pass per lane of a batch; the first is the key block and key stream of a single packet.
    private const int StreamOffset = 0;
    private const int RestOffset = LaneCount * PassLength;
    private const int ZerosOffset = RestOffset + PassLength;
    private const int ParkedOffset = ZerosOffset + PassLength;
    private const int TableOffset = ParkedOffset + (ChaCha20Vector256.ParkedCount * 32);
    private const int TagOffset = TableOffset + (Poly1305Vector256.TableCount * 32);
    private const int TextsOffset = TagOffset + (LaneCount * TagLength);
    private const int LengthsOffset = TextsOffset + (LaneCount * sizeof(ulong));
    private const int LanesOffset = LengthsOffset + (LaneCount * sizeof(ulong));

    internal override CipherPath Path => CipherPath.Vector256;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void Seal(uint* key, ulong counter, byte* text, int length)
    {
        byte* scratch = CipherScratch.Start;
        byte* stream = scratch + StreamOffset;
        int done = Math.Min(length, FirstPassLength);
        if (done == FirstPassLength)
        {
            ChaCha20Vector256.Blocks(key, counter, 0, scratch + ZerosOffset, stream, text - BlockLength, text - BlockLength, Parked(scratch));
        }
        else
        {
            WriteStream(key, counter, 0, length + BlockLength, stream, scratch);
            KeyStream.Apply(text, stream + BlockLength, length);
        }
        CryptRest(key, counter, text, done, length, scratch);
        ComputeTag(text, length, stream, text + length, scratch);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override bool Open(uint* key, ulong counter, byte* text, int length)
    {
        byte* scratch = CipherScratch.Start;
        byte* stream = scratch + StreamOffset;
        int first = Math.Min(length, FirstPassLength);
        WriteStream(key, counter, 0, first + BlockLength, stream, scratch);
        ComputeTag(text, length, stream, scratch + TagOffset, scratch);
        if (!TagsEqual(scratch + TagOffset, text + length))
            return false;
        KeyStream.Apply(text, stream + BlockLength, first);
        CryptRest(key, counter, text, first, length, scratch);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void SealBatch(uint* key, byte* buffer, ReadOnlySpan<TransportPacket> packets)
    {
        for (int start = 0; start < packets.Length;)
        {
            int count = SharedPass(packets[start..], 0, out int blockCount);
            if (count == 0)
            {
                ref readonly var packet = ref packets[start++];
                Seal(key, packet.Counter, buffer + packet.Offset, packet.Length);
                continue;
            }
            byte* scratch = CipherScratch.Start;
            WriteStreams(key, packets.Slice(start, count), blockCount, scratch);
            for (int i = 0; i < count; i++)
            {
                ref readonly var packet = ref packets[start + i];
                KeyStream.Apply(buffer + packet.Offset, scratch + StreamOffset + (i * PassLength) + BlockLength, packet.Length);
            }
            ComputeTags(buffer, packets.Slice(start, count), 0, scratch);
            for (int i = 0; i < count; i++)
            {
                ref readonly var packet = ref packets[start + i];
                Vector128.Load(scratch + TagOffset + (i * TagLength)).Store(buffer + packet.Offset + packet.Length);
            }
            start += count;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void OpenBatch(uint* key, byte* buffer, Span<TransportPacket> packets)
    {
        for (int start = 0; start < packets.Length;)
        {
            int count = SharedPass(packets[start..], TagLength, out int blockCount);
            if (count == 0)
            {
                ref var packet = ref packets[start++];
                packet.IsAuthentic = packet.Length >= TagLength && Open(key, packet.Counter, buffer + packet.Offset, packet.Length - TagLength);
                continue;
            }
            byte* scratch = CipherScratch.Start;
            WriteStreams(key, packets.Slice(start, count), blockCount, scratch);
            ComputeTags(buffer, packets.Slice(start, count), TagLength, scratch);
            for (int i = 0; i < count; i++)
            {
                ref var packet = ref packets[start + i];
                byte* text = buffer + packet.Offset;
                int length = packet.Length - TagLength;
                packet.IsAuthentic = length >= 0 && TagsEqual(scratch + TagOffset + (i * TagLength), text + length);
                if (packet.IsAuthentic)
                    KeyStream.Apply(text, scratch + StreamOffset + (i * PassLength) + BlockLength, length);
            }
            start += count;
        }
    }

    /// <summary>
    /// How many packets from the first on share passes of one lane each: at most eight, and only when that takes fewer passes than packets. A packet alone
    /// takes one pass whatever its length up to 448. Zero: take the first packet alone.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int SharedPass(ReadOnlySpan<TransportPacket> packets, int tagLength, out int blockCount)
    {
        int count = 0;
        blockCount = 1;
        foreach (ref readonly var packet in packets[..Math.Min(packets.Length, LaneCount)])
        {
            int needed = 1 + ((packet.Length - tagLength + BlockLength - 1) / BlockLength);
            if (needed >= LaneCount)
                break;
            blockCount = Math.Max(blockCount, needed);
            count++;
        }
        return blockCount < count ? count : 0;
    }

    /// <summary>Writes the key block and key stream of each packet into its part of the scratch.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void WriteStreams(uint* key, ReadOnlySpan<TransportPacket> packets, int blockCount, byte* scratch)
    {
        for (int i = 0; i < packets.Length; i++)
            ChaCha20Vector256.SetCounter(Parked(scratch), i, packets[i].Counter);
        for (int block = 0; block < blockCount; block++)
        {
            ChaCha20Vector256.Packets(
                key, (uint)block, scratch + ZerosOffset, scratch + StreamOffset + (block * BlockLength), PassLength, Parked(scratch));
        }
    }

    /// <summary>Computes the tag of each packet, whose key block is in its part of the scratch.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ComputeTags(byte* buffer, ReadOnlySpan<TransportPacket> packets, int tagLength, byte* scratch)
    {
        byte** texts = (byte**)(scratch + TextsOffset);
        int* lengths = (int*)(scratch + LengthsOffset);
        for (int i = 0; i < LaneCount; i++)
        {
            // Lanes without a packet, and packets shorter than a tag, are given a text of no length.
            bool isText = i < packets.Length && packets[i].Length >= tagLength;
            texts[i] = isText ? buffer + packets[i].Offset : scratch + ZerosOffset;
            lengths[i] = isText ? packets[i].Length - tagLength : 0;
        }
        for (int i = 0; i < packets.Length; i += Poly1305Lanes256.LaneCount)
        {
            Poly1305Lanes256.Compute(
                texts + i, lengths + i, scratch + StreamOffset + (i * PassLength), PassLength, scratch + TagOffset + (i * TagLength),
                (Vector256<ulong>*)(scratch + LanesOffset));
        }
    }

    /// <summary>Encrypts or decrypts from <paramref name="done"/>, a multiple of 64, to the end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void CryptRest(uint* key, ulong counter, byte* text, int done, int length, byte* scratch)
    {
        for (; length - done >= PassLength; done += PassLength)
        {
            byte* pass = text + done;
            ChaCha20Vector256.Blocks(key, counter, BlockOf(done), pass, pass, pass, pass, Parked(scratch));
        }
        if (done == length)
            return;
        WriteStream(key, counter, BlockOf(done), length - done, scratch + RestOffset, scratch);
        KeyStream.Apply(text + done, scratch + RestOffset, length - done);
    }

    /// <summary>Writes at least <paramref name="length"/> (at most 512) bytes of key stream from <paramref name="block"/> on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void WriteStream(uint* key, ulong counter, uint block, int length, byte* stream, byte* scratch)
    {
        if (length <= ChaCha20Rows256.FewBlocks * BlockLength)
        {
            ChaCha20Rows256.TwoBlocks(key, counter, block, stream);
        }
        else if (length <= ChaCha20Rows256.MoreBlocks * BlockLength)
        {
            ChaCha20Rows256.FourBlocks(key, counter, block, stream);
        }
        else
        {
            byte* zeros = scratch + ZerosOffset;
            ChaCha20Vector256.Blocks(key, counter, block, zeros, stream, zeros, stream, Parked(scratch));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ComputeTag(byte* text, int length, byte* key, byte* tag, byte* scratch)
    {
        if (length <= LongestScalarTag)
            Poly1305Scalar.Compute(text, length, key, tag);
        else
            Poly1305Vector256.Compute(text, length, key, tag, (Vector256<ulong>*)(scratch + TableOffset));
    }

    /// <summary>The block counter of the text's byte <paramref name="done"/>: block 0 is the Poly1305 key.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint BlockOf(int done) => 1 + (uint)(done / BlockLength);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint>* Parked(byte* scratch) => (Vector256<uint>*)(scratch + ParkedOffset);
}
