using Keyhole.Cryptography;

namespace Keyhole.WireGuard;

/// <summary>
/// The chaining key C and hash H of a handshake (paper section 5.4; Noise section 5.2), in 64 bytes of the caller's, who zeroes them.
/// </summary>
internal readonly ref struct SymmetricState
{
    public const int Length = 2 * NoiseConstants.HashLength;

    private readonly Span<byte> _chainingKey;
    private readonly Span<byte> _hash;

    public SymmetricState(Span<byte> secrets)
    {
        _chainingKey = secrets[..NoiseConstants.HashLength];
        _hash = secrets.Slice(NoiseConstants.HashLength, NoiseConstants.HashLength);
    }

    /// <summary>C := Hash(Construction), H := Hash(Hash(C ‖ Identifier) ‖ responder's public key).</summary>
    public void Begin(in PublicKey responder)
    {
        NoiseConstants.InitialChainingKey.CopyTo(_chainingKey);
        Blake2s.Hash(NoiseConstants.InitialHash, responder.Bytes, _hash);
    }

    /// <summary>H := Hash(H ‖ input).</summary>
    public void MixHash(ReadOnlySpan<byte> input) => Blake2s.Hash(_hash, input, _hash);

    /// <summary>C := Kdf1(C, input).</summary>
    public void MixKey(ReadOnlySpan<byte> input) => Kdf.Derive1(_chainingKey, input, _chainingKey);

    /// <summary>(C, key) := Kdf2(C, input).</summary>
    public void MixKey(ReadOnlySpan<byte> input, Span<byte> key) => Kdf.Derive2(_chainingKey, input, _chainingKey, key);

    /// <summary>(C, τ, key) := Kdf3(C, preshared key); H := Hash(H ‖ τ).</summary>
    public void MixPresharedKey(ReadOnlySpan<byte> presharedKey, Span<byte> key)
    {
        Span<byte> mixed = stackalloc byte[NoiseConstants.HashLength];
        Kdf.Derive3(_chainingKey, presharedKey, _chainingKey, mixed, key);
        MixHash(mixed);
        Zero.Fill(mixed);
    }

    /// <summary>Seals with nonce 0 and H as associated data, then mixes the result into H.</summary>
    public void EncryptAndHash(ReadOnlySpan<byte> key, ReadOnlySpan<byte> plaintext, Span<byte> sealedText)
    {
        ChaCha20Poly1305Aead.Seal(key, 0, _hash, plaintext, sealedText);
        MixHash(sealedText);
    }

    /// <summary>The reverse; false when not authentic.</summary>
    public bool DecryptAndHash(ReadOnlySpan<byte> key, ReadOnlySpan<byte> sealedText, Span<byte> plaintext)
    {
        if (!ChaCha20Poly1305Aead.TryOpen(key, 0, _hash, sealedText, plaintext))
            return false;
        MixHash(sealedText);
        return true;
    }

    /// <summary>The keys that the initiator and the responder send under: Kdf2(C, ε).</summary>
    public void Split(out TransportKey initiatorSends, out TransportKey responderSends)
    {
        Span<byte> keys = stackalloc byte[2 * TransportKey.KeyLength];
        Kdf.Derive2(_chainingKey, [], keys[..TransportKey.KeyLength], keys[TransportKey.KeyLength..]);
        initiatorSends = new TransportKey(keys[..TransportKey.KeyLength]);
        responderSends = new TransportKey(keys[TransportKey.KeyLength..]);
        Zero.Fill(keys);
    }
}
