using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Keyhole.Cryptography;

/// <summary>
/// One direction of a keypair: ChaCha20-Poly1305 of transport packets (WireGuard paper section 5.4.6: no associated data, nonce of four
/// zero bytes and the 64-bit little-endian counter), in place, one packet or a batch at a time. Any thread may use it; the owner disposes it when
/// no thread does any more.
/// </summary>
public sealed unsafe class TransportKey : IDisposable
{
    public const int KeyLength = 32;
    public const int TagLength = 16;

    private static ReadOnlySpan<byte> Constants => "expand 32-byte k"u8;

    private readonly TransportCipher _cipher;
    private readonly KeyBlockHandle _block = new(TransportCipher.KeyWordCount * sizeof(uint));

    /// <exception cref="ArgumentException">The key is not 32 bytes long.</exception>
    public TransportKey(ReadOnlySpan<byte> key)
        : this(key, TransportCipher.Selected)
    {
    }

    internal TransportKey(ReadOnlySpan<byte> key, TransportCipher cipher)
    {
        Throw.UnlessLength(key.Length, KeyLength, nameof(key));
        _cipher = cipher;
        Constants.CopyTo(_block.Bytes);
        key.CopyTo(_block.Bytes[Constants.Length..]);
    }

    /// <summary>The instruction width that this process chose, for a status page: "scalar", "vector128", "vector256" or "vector512".</summary>
    public static string PathName => TransportCipher.Selected.Path switch
    {
        CipherPath.Scalar => "scalar",
        CipherPath.Vector128 => "vector128",
        CipherPath.Vector256 => "vector256",
        _ => "vector512",
    };

    /// <summary>
    /// Has the kernels compiled, those of handshakes among them, which takes about 100 ms and would otherwise fall on the first packets. Programs call it once at start on a thread
    /// that has nothing else to do.
    /// </summary>
    public static void Prepare()
    {
        ReadOnlySpan<int> lengths = [0, 64, 200, 300, 960, 1420, 2000];
        const int slotLength = 2048;
        const int packetsPerLength = 20;
        byte[] buffer = new byte[packetsPerLength * slotLength];
        var packets = new TransportPacket[packetsPerLength];
        using var key = new TransportKey(new byte[KeyLength]);
        foreach (int length in lengths)
        {
            for (int i = 0; i < packets.Length; i++)
                packets[i] = new TransportPacket(i * slotLength, length, (ulong)i);
            key.Seal(buffer, packets);
            for (int i = 0; i < packets.Length; i++)
                packets[i].Length += TagLength;
            key.Open(buffer, packets);
            key.Seal(0, buffer, length);
            key.Open(0, buffer.AsSpan(0, length + TagLength));
        }
        if (X25519Vector256.IsSelected)
            X25519Vector256.Prepare();
    }

    /// <summary>Replaces the plaintext at the start of <paramref name="buffer"/> by ciphertext and the 16-byte tag after it.</summary>
    /// <param name="counter">Never the same twice under one key.</param>
    /// <param name="buffer">At least 16 bytes longer than the plaintext.</param>
    /// <exception cref="ArgumentOutOfRangeException">The length is negative or leaves no room for the tag.</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Seal(ulong counter, Span<byte> buffer, int plaintextLength)
    {
        CheckSeal(buffer.Length, 0, plaintextLength);
        fixed (byte* text = buffer)
            _cipher.Seal(Words, counter, text, plaintextLength);
        GC.KeepAlive(_block);
    }

    /// <summary>Seals every packet where it lies; packets may have any lengths and must not overlap.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A packet and its tag do not lie within the buffer. Nothing was sealed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Seal(Span<byte> buffer, ReadOnlySpan<TransportPacket> packets)
    {
        foreach (ref readonly var packet in packets)
            CheckSeal(buffer.Length, packet.Offset, packet.Length);
        fixed (byte* start = buffer)
            _cipher.SealBatch(Words, start, packets);
        GC.KeepAlive(_block);
    }

    /// <summary>
    /// Replaces the ciphertext by plaintext, which is 16 bytes shorter. False when the packet is not authentic or shorter than a tag; what the buffer
    /// then holds is of no use to anybody.
    /// </summary>
    /// <param name="buffer">Ciphertext and tag, nothing after.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool Open(ulong counter, Span<byte> buffer)
    {
        if (buffer.Length < TagLength)
            return false;
        CheckOpen(buffer.Length, 0, buffer.Length);
        bool isAuthentic;
        fixed (byte* text = buffer)
            isAuthentic = _cipher.Open(Words, counter, text, buffer.Length - TagLength);
        GC.KeepAlive(_block);
        return isAuthentic;
    }

    /// <summary>Opens every packet where it lies and writes <see cref="TransportPacket.IsAuthentic"/> of each; one forged packet spoils no other.</summary>
    /// <returns>How many are authentic.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A packet does not lie within the buffer. Nothing was opened.</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int Open(Span<byte> buffer, Span<TransportPacket> packets)
    {
        foreach (ref readonly var packet in packets)
            CheckOpen(buffer.Length, packet.Offset, packet.Length);
        fixed (byte* start = buffer)
            _cipher.OpenBatch(Words, start, packets);
        GC.KeepAlive(_block);
        int count = 0;
        foreach (ref readonly var packet in packets)
            count += packet.IsAuthentic ? 1 : 0;
        return count;
    }

    /// <summary>Zeroes the key, and what this thread's last packets left in its scratch memory.</summary>
    public void Dispose()
    {
        _block.Dispose();
        CipherScratch.Clear();
    }

    private uint* Words => (uint*)_block.Pointer;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void CheckSeal(int bufferLength, int offset, int plaintextLength)
    {
        if (_block.IsClosed)
            ThrowDisposed();
        if ((offset | plaintextLength) < 0 || (long)offset + plaintextLength + TagLength > bufferLength)
            Throw.OutOfRange(nameof(plaintextLength), "The plaintext and 16 bytes for the tag must lie within the buffer.");
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void CheckOpen(int bufferLength, int offset, int sealedLength)
    {
        if (_block.IsClosed)
            ThrowDisposed();
        if ((offset | sealedLength) < 0 || (long)offset + sealedLength > bufferLength)
            Throw.OutOfRange(nameof(sealedLength), "The packet must lie within the buffer.");
    }

    [DoesNotReturn]
    private static void ThrowDisposed() => throw new ObjectDisposedException(nameof(TransportKey));
}
