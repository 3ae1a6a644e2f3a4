using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Keyhole.WireGuard.Tests;

/// <summary>
/// The handshake as the paper's section 5.4 writes it down, line by line, with its own BLAKE2s and X25519 and the framework's AEAD. It knows the private
/// keys of both sides.
/// </summary>
internal sealed class NaiveHandshake
{
    private readonly byte[] _initiatorPublic;
    private readonly byte[] _responderPublic;
    private readonly byte[] _initiatorStatic;
    private readonly byte[] _responderStatic;
    private readonly byte[] _presharedKey;
    private byte[] _initiatorEphemeral = [];
    private byte[] _c = [];
    private byte[] _h = [];

    public NaiveHandshake(byte[] initiatorStatic, byte[] responderStatic, byte[] presharedKey)
    {
        (_initiatorStatic, _responderStatic, _presharedKey) = (initiatorStatic, responderStatic, presharedKey);
        _initiatorPublic = NaiveX25519.PublicKey(initiatorStatic);
        _responderPublic = NaiveX25519.PublicKey(responderStatic);
    }

    public byte[] Initiation(byte[] ephemeral, byte[] timestamp, uint senderIndex)
    {
        _initiatorEphemeral = ephemeral;
        _c = Hash(Encoding.ASCII.GetBytes("Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s"));
        _h = Hash([.. _c, .. Encoding.ASCII.GetBytes("WireGuard v1 zx2c4 Jason@zx2c4.com")]);
        _h = Hash([.. _h, .. _responderPublic]);
        byte[] ephemeralPublic = NaiveX25519.PublicKey(ephemeral);
        _c = Kdf(1, _c, ephemeralPublic)[0];
        _h = Hash([.. _h, .. ephemeralPublic]);
        byte[][] ck = Kdf(2, _c, NaiveX25519.Agree(ephemeral, _responderPublic));
        _c = ck[0];
        byte[] sealedStatic = Aead(ck[1], 0, _initiatorPublic, _h);
        _h = Hash([.. _h, .. sealedStatic]);
        ck = Kdf(2, _c, NaiveX25519.Agree(_initiatorStatic, _responderPublic));
        _c = ck[0];
        byte[] sealedTimestamp = Aead(ck[1], 0, timestamp, _h);
        _h = Hash([.. _h, .. sealedTimestamp]);
        return WithMacs([1, 0, 0, 0, .. Le(senderIndex), .. ephemeralPublic, .. sealedStatic, .. sealedTimestamp], _responderPublic);
    }

    public byte[] Response(byte[] ephemeral, uint senderIndex, uint receiverIndex)
    {
        byte[] ephemeralPublic = NaiveX25519.PublicKey(ephemeral);
        _c = Kdf(1, _c, ephemeralPublic)[0];
        _h = Hash([.. _h, .. ephemeralPublic]);
        _c = Kdf(1, _c, NaiveX25519.Agree(ephemeral, NaiveX25519.PublicKey(_initiatorEphemeral)))[0];
        _c = Kdf(1, _c, NaiveX25519.Agree(ephemeral, _initiatorPublic))[0];
        byte[][] ctk = Kdf(3, _c, _presharedKey);
        _c = ctk[0];
        _h = Hash([.. _h, .. ctk[1]]);
        byte[] empty = Aead(ctk[2], 0, [], _h);
        _h = Hash([.. _h, .. empty]);
        return WithMacs([2, 0, 0, 0, .. Le(senderIndex), .. Le(receiverIndex), .. ephemeralPublic, .. empty], _initiatorPublic);
    }

    /// <summary>The keys under which the initiator and the responder send.</summary>
    public (byte[] Initiator, byte[] Responder) TransportKeys()
    {
        byte[][] keys = Kdf(2, _c, []);
        return (keys[0], keys[1]);
    }

    public static byte[] Transport(byte[] key, ulong counter, uint receiverIndex, byte[] packet)
    {
        byte[] padded = [.. packet, .. new byte[(16 - packet.Length % 16) % 16]];
        return [4, 0, 0, 0, .. Le(receiverIndex), .. BitConverter.GetBytes(counter), .. Aead(key, counter, padded, [])];
    }

    private static byte[] WithMacs(byte[] body, byte[] receiverPublic) =>
        [.. body, .. NaiveBlake2s.Mac(Hash([.. Encoding.ASCII.GetBytes("mac1----"), .. receiverPublic]), body), .. new byte[16]];

    private static byte[] Hash(byte[] message) => NaiveBlake2s.Hash(message);

    private static byte[][] Kdf(int count, byte[] key, byte[] input)
    {
        byte[] t0 = NaiveBlake2s.Hmac(key, input);
        byte[][] outputs = new byte[count][];
        for (int i = 0; i < count; i++)
            outputs[i] = NaiveBlake2s.Hmac(t0, i == 0 ? [1] : [.. outputs[i - 1], (byte)(i + 1)]);
        return outputs;
    }

    private static byte[] Aead(byte[] key, ulong counter, byte[] plaintext, byte[] aad)
    {
        using var cipher = new ChaCha20Poly1305(key);
        byte[] nonce = new byte[12];
        BinaryPrimitives.WriteUInt64LittleEndian(nonce.AsSpan(4), counter);
        byte[] sealedText = new byte[plaintext.Length + 16];
        cipher.Encrypt(nonce, plaintext, sealedText.AsSpan(0, plaintext.Length), sealedText.AsSpan(plaintext.Length), aad);
        return sealedText;
    }

    private static byte[] Le(uint value) => BitConverter.GetBytes(value);
}
