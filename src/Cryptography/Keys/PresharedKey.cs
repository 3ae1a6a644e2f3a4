namespace Keyhole.Cryptography;

/// <summary>The preshared key of a pair of peers (WireGuard paper section 5.2): 32 secret bytes, or <see cref="None"/>.</summary>
public sealed class PresharedKey : IDisposable
{
    /// <summary>Bytes.</summary>
    public const int Length = 32;

    private readonly KeyBlockHandle _block = new(Length);

    /// <exception cref="ArgumentException">The span is not 32 bytes long.</exception>
    public PresharedKey(ReadOnlySpan<byte> bytes)
    {
        Throw.UnlessLength(bytes.Length, Length, nameof(bytes));
        bytes.CopyTo(_block.Bytes);
    }

    /// <summary>32 zero bytes: what the paper mixes in when the peers share no key. Disposing it does nothing.</summary>
    public static PresharedKey None { get; } = new(stackalloc byte[Length]);

    /// <summary>Valid while this object is alive and not disposed.</summary>
    /// <exception cref="ObjectDisposedException">The key was disposed.</exception>
    public ReadOnlySpan<byte> Bytes => _block.Bytes;

    /// <summary>A fresh key from 32 bytes of <paramref name="random"/>.</summary>
    public static PresharedKey Generate(RandomSource random)
    {
        ArgumentNullException.ThrowIfNull(random);
        var key = new PresharedKey(None.Bytes);
        random.Fill(key._block.Bytes);
        return key;
    }

    public void Dispose()
    {
        if (!ReferenceEquals(this, None))
            _block.Dispose();
    }
}
