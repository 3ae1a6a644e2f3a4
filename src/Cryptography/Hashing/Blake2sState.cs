using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Keyhole.Cryptography;

/// <summary>
/// BLAKE2s in pieces (RFC 7693 section 3.3): <see cref="Create"/>, any number of <see cref="Update"/>, one <see cref="Finish"/>.
/// A copy goes on independently of its origin. <see cref="Finish"/> zeroes the state.
/// </summary>
public unsafe struct Blake2sState
{
    private const int BlockLength = Blake2sCompression.BlockLength;

    private fixed uint _h[Blake2sCompression.StateWordCount];
    private fixed byte _block[BlockLength];
    private ulong _compressedLength;
    private int _blockLength;
    private int _digestLength;

    /// <param name="digestLength">1 to 32 bytes; part of what is hashed.</param>
    /// <param name="key">0 to 32 bytes; empty for the plain hash.</param>
    /// <exception cref="ArgumentOutOfRangeException">A length is out of its range.</exception>
    public static Blake2sState Create(int digestLength = Blake2s.DigestLength, ReadOnlySpan<byte> key = default)
    {
        if (digestLength is < 1 or > Blake2s.DigestLength)
            Throw.OutOfRange(nameof(digestLength), "A digest has 1 to 32 bytes.");
        if (key.Length > Blake2s.LongestKeyLength)
            Throw.OutOfRange(nameof(key), "A key has at most 32 bytes.");
        Unsafe.SkipInit(out Blake2sState state);
        state.Start(digestLength, key);
        return state;
    }

    public void Update(ReadOnlySpan<byte> message)
    {
        if (message.Length > BlockLength - _blockLength)
        {
            // The last block waits for Finish, even when it is full: only Finish may set the last-block flag.
            if (_blockLength > 0)
            {
                int taken = BlockLength - _blockLength;
                Append(message[..taken]);
                message = message[taken..];
                CompressBlock();
            }
            message = message[CompressWhole(message)..];
        }
        Append(message);
    }

    /// <summary>Writes the digest and zeroes the state.</summary>
    /// <exception cref="ArgumentException">The span is not as long as the digest asked for in <see cref="Create"/>.</exception>
    public void Finish(Span<byte> digest)
    {
        Throw.UnlessLength(digest.Length, _digestLength, nameof(digest));
        fixed (byte* block = _block)
        fixed (uint* h = _h)
        {
            new Span<byte>(block + _blockLength, BlockLength - _blockLength).Clear();
            Blake2sCompression.Compress(h, (uint*)block, _compressedLength + (ulong)_blockLength, uint.MaxValue);
            new ReadOnlySpan<byte>(h, digest.Length).CopyTo(digest);
        }
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(new Span<Blake2sState>(ref this)));
    }

    private void Start(int digestLength, ReadOnlySpan<byte> key)
    {
        _h[0] = Blake2sCompression.Iv0 ^ 0x01010000 ^ ((uint)key.Length << 8) ^ (uint)digestLength;
        _h[1] = Blake2sCompression.Iv1;
        _h[2] = Blake2sCompression.Iv2;
        _h[3] = Blake2sCompression.Iv3;
        _h[4] = Blake2sCompression.Iv4;
        _h[5] = Blake2sCompression.Iv5;
        _h[6] = Blake2sCompression.Iv6;
        _h[7] = Blake2sCompression.Iv7;
        _compressedLength = 0;
        _blockLength = 0;
        _digestLength = digestLength;
        if (key.IsEmpty)
            return;
        fixed (byte* block = _block)
        {
            new Span<byte>(block, BlockLength).Clear();
            key.CopyTo(new Span<byte>(block, BlockLength));
        }
        _blockLength = BlockLength;
    }

    private void Append(ReadOnlySpan<byte> piece)
    {
        fixed (byte* block = _block)
            piece.CopyTo(new Span<byte>(block + _blockLength, BlockLength - _blockLength));
        _blockLength += piece.Length;
    }

    private void CompressBlock()
    {
        fixed (byte* block = _block)
        fixed (uint* h = _h)
            Blake2sCompression.Compress(h, (uint*)block, _compressedLength += BlockLength, 0);
        _blockLength = 0;
    }

    /// <summary>Compresses all whole blocks but the last bytes, and says how many bytes that were.</summary>
    private int CompressWhole(ReadOnlySpan<byte> message)
    {
        int length = (message.Length - 1) / BlockLength * BlockLength;
        fixed (byte* m = message)
        fixed (uint* h = _h)
        {
            for (int offset = 0; offset < length; offset += BlockLength)
                Blake2sCompression.Compress(h, (uint*)(m + offset), _compressedLength += BlockLength, 0);
        }
        return length;
    }
}
