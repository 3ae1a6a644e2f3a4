using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Keyhole.Cryptography;

/// <summary>
/// Up to 24 blocks in one pass, the key block among them. In a batch the key stream of each packet is computed together with the tag of the one before
/// (after, when opening), and short packets share a pass: one lane per packet.
/// </summary>
internal sealed unsafe class Vector512Cipher : TransportCipher
{
    private const int BlockLength = ChaCha20Scalar.BlockLength;
    private const int LaneCount = ChaCha20Vector512.BlockCount;

    /// <summary>Longest text whose key block and text one pass covers.</summary>
    private const int FirstPassLength = (ChaCha20Vector512.MostBlocks - 1) * BlockLength;

    /// <summary>Longest text that shares passes with others, and the room of its lane in the scratch.</summary>
    private const int LongestShared = LaneLength - BlockLength;

    private const int LaneLength = 768;
    private const int StreamLength = ChaCha20Vector512.MostBlocks * BlockLength;

    // The thread's scratch: the key streams of two packets, or a lane of each of sixteen.
    private const int StreamOffset = 0;
    private const int TableOffset = LaneCount * LaneLength;
    private const int CountersOffset = TableOffset + (Poly1305Vector512.TableCount * 64);
    private const int TagOffset = CountersOffset + (LaneCount * sizeof(ulong));
    private const int TextsOffset = TagOffset + (LaneCount * TagLength);
    private const int LengthsOffset = TextsOffset + (LaneCount * sizeof(ulong));
    private const int LanesOffset = LengthsOffset + (LaneCount * sizeof(ulong));

    private readonly bool _isSplit;

    /// <summary>Longest text for which Poly1305 in 64-bit words beats vectors, which pay for powers of r first (EPYC, Zen 4 and Zen 5).</summary>
    private readonly int _longestScalarTag;

    internal Vector512Cipher()
        : this(HasSplitVectors)
    {
    }

    /// <param name="isSplit">
    /// The core does 512 bits in two halves: ChaCha20 and Poly1305 then fill it one by one, running them together gains nothing, and the 256-bit kernel
    /// tags as fast and has fewer powers of r to make.
    /// </param>
    internal Vector512Cipher(bool isSplit)
    {
        _isSplit = isSplit;
        _longestScalarTag = isSplit ? 112 : 272;
    }

    internal override CipherPath Path => CipherPath.Vector512;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void Seal(uint* key, ulong counter, byte* text, int length)
    {
        byte* scratch = CipherScratch.Start;
        byte* stream = scratch + StreamOffset;
        WriteStream(key, counter, 0, length + BlockLength, stream);
        Apply(text, stream + BlockLength, Math.Min(length, FirstPassLength));
        if (length > FirstPassLength)
            CryptRest(key, counter, text, length, stream + StreamLength);
        ComputeTag(text, length, stream, text + length, Table(scratch));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override bool Open(uint* key, ulong counter, byte* text, int length)
    {
        byte* scratch = CipherScratch.Start;
        byte* stream = scratch + StreamOffset;
        WriteStream(key, counter, 0, length + BlockLength, stream);
        ComputeTag(text, length, stream, scratch + TagOffset, Table(scratch));
        if (!TagsEqual(scratch + TagOffset, text + length))
            return false;
        Apply(text, stream + BlockLength, Math.Min(length, FirstPassLength));
        if (length > FirstPassLength)
            CryptRest(key, counter, text, length, stream + StreamLength);
        return true;
    }

    /// <summary>One packet behind: ChaCha20 of each packet runs together with Poly1305 of the one that is encrypted already.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void SealBatch(uint* key, byte* buffer, ReadOnlySpan<TransportPacket> packets)
    {
        byte* scratch = CipherScratch.Start;
        byte* stream = scratch + StreamOffset, waitingStream = stream + StreamLength, waiting = null;
        int waitingLength = 0;
        for (int i = 0; i < packets.Length; i++)
        {
            ref readonly var packet = ref packets[i];
            byte* text = buffer + packet.Offset;
            int length = packet.Length;
            if (length <= _longestScalarTag || length > FirstPassLength || _isSplit)
            {
                if (waiting != null)
                {
                    Poly1305Vector512.Compute(waiting, waitingLength, waitingStream, waiting + waitingLength, Table(scratch));
                    waiting = null;
                }
                int count = SharedPasses(packets[i..], 0, out int blockCount);
                if (count > 0)
                {
                    SealShared(key, buffer, packets.Slice(i, count), blockCount, scratch);
                    i += count - 1;
                }
                else
                {
                    Seal(key, packet.Counter, text, length);
                }
                continue;
            }
            if (waiting == null)
                WriteStream(key, packet.Counter, 0, length + BlockLength, stream);
            else
                WriteStreamAndTag(key, packet.Counter, length, stream, waiting, waitingLength, waitingStream, waiting + waitingLength, Table(scratch));
            Apply(text, stream + BlockLength, length);
            waiting = text;
            waitingLength = length;
            byte* other = waitingStream;
            waitingStream = stream;
            stream = other;
        }
        if (waiting != null)
            Poly1305Vector512.Compute(waiting, waitingLength, waitingStream, waiting + waitingLength, Table(scratch));
    }

    /// <summary>One packet behind: Poly1305 of each packet, whose key block is there, runs together with ChaCha20 of the next.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void OpenBatch(uint* key, byte* buffer, Span<TransportPacket> packets)
    {
        byte* scratch = CipherScratch.Start;
        byte* stream = scratch + StreamOffset, waitingStream = stream + StreamLength, tag = scratch + TagOffset;
        int waiting = -1;
        for (int i = 0; i < packets.Length; i++)
        {
            ref var packet = ref packets[i];
            byte* text = buffer + packet.Offset;
            int length = packet.Length - TagLength;
            if (length <= _longestScalarTag || length > FirstPassLength || _isSplit)
            {
                if (waiting >= 0)
                {
                    ref var last = ref packets[waiting];
                    Poly1305Vector512.Compute(buffer + last.Offset, last.Length - TagLength, waitingStream, tag, Table(scratch));
                    Decide(ref last, buffer, waitingStream, tag);
                    waiting = -1;
                }
                int count = SharedPasses(packets[i..], TagLength, out int blockCount);
                if (count > 0)
                {
                    OpenShared(key, buffer, packets.Slice(i, count), blockCount, scratch);
                    i += count - 1;
                }
                else
                {
                    packet.IsAuthentic = length >= 0 && Open(key, packet.Counter, text, length);
                }
                continue;
            }
            if (waiting < 0)
            {
                WriteStream(key, packet.Counter, 0, length + BlockLength, stream);
            }
            else
            {
                ref var last = ref packets[waiting];
                WriteStreamAndTag(key, packet.Counter, length, stream, buffer + last.Offset, last.Length - TagLength, waitingStream, tag, Table(scratch));
                Decide(ref last, buffer, waitingStream, tag);
            }
            waiting = i;
            byte* other = waitingStream;
            waitingStream = stream;
            stream = other;
        }
        if (waiting >= 0)
        {
            ref var last = ref packets[waiting];
            Poly1305Vector512.Compute(buffer + last.Offset, last.Length - TagLength, waitingStream, tag, Table(scratch));
            Decide(ref last, buffer, waitingStream, tag);
        }
    }

    /// <summary>Decrypts a packet when its tag is the computed one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Decide(ref TransportPacket packet, byte* buffer, byte* stream, byte* tag)
    {
        byte* text = buffer + packet.Offset;
        int length = packet.Length - TagLength;
        packet.IsAuthentic = TagsEqual(tag, text + length);
        if (packet.IsAuthentic)
            Apply(text, stream + BlockLength, length);
    }

    /// <summary>How many packets from the first on share passes, at most sixteen; zero when the first does better alone.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int SharedPasses(ReadOnlySpan<TransportPacket> packets, int tagLength, out int blockCount)
    {
        int count = 0;
        blockCount = 1;
        foreach (ref readonly var packet in packets[..Math.Min(packets.Length, LaneCount)])
        {
            int length = packet.Length - tagLength;
            if (length > LongestShared)
                break;
            blockCount = Math.Max(blockCount, 1 + ((length + BlockLength - 1) / BlockLength));
            count++;
        }
        return blockCount < count ? count : 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SealShared(uint* key, byte* buffer, ReadOnlySpan<TransportPacket> packets, int blockCount, byte* scratch)
    {
        WriteStreams(key, packets, blockCount, scratch);
        for (int i = 0; i < packets.Length; i++)
            Apply(buffer + packets[i].Offset, scratch + StreamOffset + (i * LaneLength) + BlockLength, packets[i].Length);
        ComputeTags(buffer, packets, 0, scratch);
        for (int i = 0; i < packets.Length; i++)
            Vector128.Load(scratch + TagOffset + (i * TagLength)).Store(buffer + packets[i].Offset + packets[i].Length);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OpenShared(uint* key, byte* buffer, Span<TransportPacket> packets, int blockCount, byte* scratch)
    {
        WriteStreams(key, packets, blockCount, scratch);
        ComputeTags(buffer, packets, TagLength, scratch);
        for (int i = 0; i < packets.Length; i++)
        {
            packets[i].IsAuthentic = false;
            if (packets[i].Length >= TagLength)
                Decide(ref packets[i], buffer, scratch + StreamOffset + (i * LaneLength), scratch + TagOffset + (i * TagLength));
        }
    }

    /// <summary>Computes the tag of each packet, whose key block is in its lane of the scratch.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ComputeTags(byte* buffer, ReadOnlySpan<TransportPacket> packets, int tagLength, byte* scratch)
    {
        byte** texts = (byte**)(scratch + TextsOffset);
        int* lengths = (int*)(scratch + LengthsOffset);
        for (int i = 0; i < LaneCount; i++)
        {
            // Lanes without a packet, and packets shorter than a tag, are given a text of no length.
            bool isText = i < packets.Length && packets[i].Length >= tagLength;
            texts[i] = isText ? buffer + packets[i].Offset : scratch;
            lengths[i] = isText ? packets[i].Length - tagLength : 0;
        }
        for (int i = 0; i < packets.Length; i += Poly1305Lanes512.LaneCount)
        {
            Poly1305Lanes512.Compute(
                texts + i, lengths + i, scratch + StreamOffset + (i * LaneLength), LaneLength, scratch + TagOffset + (i * TagLength),
                (Vector512<ulong>*)(scratch + LanesOffset));
        }
    }

    /// <summary>Writes the key block and key stream of each packet into its lane of the scratch.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void WriteStreams(uint* key, ReadOnlySpan<TransportPacket> packets, int blockCount, byte* scratch)
    {
        uint* low = (uint*)(scratch + CountersOffset), high = low + LaneCount;
        for (int i = 0; i < packets.Length; i++)
        {
            low[i] = (uint)packets[i].Counter;
            high[i] = (uint)(packets[i].Counter >> 32);
        }
        for (int block = 0; block < blockCount; block++)
            ChaCha20Vector512.Packets(key, low, (uint)block, scratch + StreamOffset + (block * BlockLength), LaneLength);
    }

    /// <summary>Encrypts or decrypts what the first pass did not reach.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void CryptRest(uint* key, ulong counter, byte* text, int length, byte* stream)
    {
        uint block = ChaCha20Vector512.MostBlocks;
        for (int done = FirstPassLength; done < length; done += StreamLength, block += ChaCha20Vector512.MostBlocks)
        {
            int pass = Math.Min(length - done, StreamLength);
            WriteStream(key, counter, block, pass, stream);
            Apply(text + done, stream, pass);
        }
    }

    /// <summary>Writes at least <paramref name="length"/> bytes of key stream from <paramref name="block"/> on, at most 24 blocks.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void WriteStream(uint* key, ulong counter, uint block, int length, byte* stream)
    {
        if (length <= ChaCha20Rows512.FewBlocks * BlockLength)
            ChaCha20Rows512.FourBlocks(key, counter, block, stream);
        else if (length <= ChaCha20Rows512.MoreBlocks * BlockLength)
            ChaCha20Rows512.EightBlocks(key, counter, block, stream);
        else if (length <= ChaCha20Vector512.BlockCount * BlockLength)
            ChaCha20Vector512.Blocks(key, counter, block, stream);
        else
            ChaCha20Vector512.AllBlocks(key, counter, block, stream);
    }

    /// <summary>Writes the key block and key stream of one packet, and the tag of another.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WriteStreamAndTag(
        uint* key, ulong counter, int length, byte* stream, byte* tagText, int tagLength, byte* tagKey, byte* tag, Vector512<ulong>* table)
    {
        if (length <= (ChaCha20Vector512.BlockCount - 1) * BlockLength)
            FusedVector512.SixteenBlocks(key, counter, stream, tagText, tagLength, tagKey, tag, table);
        else
            FusedVector512.AllBlocks(key, counter, stream, tagText, tagLength, tagKey, tag, table);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ComputeTag(byte* text, int length, byte* key, byte* tag, Vector512<ulong>* table)
    {
        if (length <= _longestScalarTag)
            Poly1305Scalar.Compute(text, length, key, tag);
        else if (_isSplit)
            Poly1305Vector256.Compute(text, length, key, tag, (Vector256<ulong>*)table);
        else
            Poly1305Vector512.Compute(text, length, key, tag, table);
    }

    /// <summary>AMD family 19h, whose cores with AVX-512 are of the Zen 4 kind.</summary>
    private static bool HasSplitVectors
    {
        get
        {
            const int authenticAmd = 0x68747541, familyMask = 0x0ff00f00, family19 = 0x00a00f00;
            return X86Base.IsSupported && X86Base.CpuId(0, 0).Ebx == authenticAmd && (X86Base.CpuId(1, 0).Eax & familyMask) == family19;
        }
    }

    /// <summary>text ^= stream.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Apply(byte* text, byte* stream, int length)
    {
        for (; length >= 2 * BlockLength; length -= 2 * BlockLength, text += 2 * BlockLength, stream += 2 * BlockLength)
        {
            var first = Vector512.Load(text) ^ Vector512.Load(stream);
            var second = Vector512.Load(text + BlockLength) ^ Vector512.Load(stream + BlockLength);
            first.Store(text);
            second.Store(text + BlockLength);
        }
        if (length >= BlockLength)
        {
            (Vector512.Load(text) ^ Vector512.Load(stream)).Store(text);
            length -= BlockLength;
            text += BlockLength;
            stream += BlockLength;
        }
        if (length > 0)
            Lanes512.XorPartial(text, stream, length);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong>* Table(byte* scratch) => (Vector512<ulong>*)(scratch + TableOffset);
}
