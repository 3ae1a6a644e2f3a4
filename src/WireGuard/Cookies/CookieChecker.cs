using System.Buffers.Binary;
using Keyhole.Cryptography;
using Keyhole.Packets;

namespace Keyhole.WireGuard;

/// <summary>
/// The responder's side of mac1, mac2 and cookies (paper sections 5.4.4 and 5.4.7) for one public key. It needs no private key, so a relay can issue
/// cookies for the connectors behind it. Not safe for several threads at once.
/// </summary>
public sealed class CookieChecker : IDisposable
{
    /// <summary>How long one secret makes cookies: 120 s.</summary>
    public const long SecretLifetime = 120_000_000;

    private const int CookieLength = 16;
    private const int LongestSource = 16 + sizeof(ushort);

    private readonly Mac1Key _mac1Key;
    private readonly byte[] _cookieKey = new byte[XChaCha20Poly1305.KeyLength];
    private readonly byte[] _secret = GC.AllocateArray<byte>(NoiseConstants.HashLength, pinned: true);
    private readonly RandomSource _random;
    private long _secretSince;
    private bool _hasSecret;

    public CookieChecker(in PublicKey receiver, RandomSource random)
    {
        ArgumentNullException.ThrowIfNull(random);
        _mac1Key = new Mac1Key(receiver);
        Blake2s.Hash(NoiseConstants.LabelCookie, receiver.Bytes, _cookieKey);
        _random = random;
    }

    /// <summary>Whether an initiation or response was made by somebody who knows the receiver's public key.</summary>
    public bool CheckMac1(ReadOnlySpan<byte> message) => _mac1Key.Verify(message);

    /// <summary>Whether mac2 carries a cookie that this source got in the last two minutes.</summary>
    public bool CheckMac2(ReadOnlySpan<byte> message, in IpEndpoint source, long now)
    {
        int offset = Mac1Key.Mac1Offset(message) + Message.MacLength;
        if (offset == Message.MacLength || !_hasSecret || IsSecretStale(now))
            return false;
        Span<byte> cookie = stackalloc byte[CookieLength];
        WriteCookie(source, cookie);
        return Blake2s.Verify(cookie, message[..offset], message.Slice(offset, Message.MacLength));
    }

    /// <summary>Writes the 64-byte cookie reply to an initiation or response with a valid mac1.</summary>
    public void WriteReply(ReadOnlySpan<byte> message, in IpEndpoint source, Span<byte> reply, long now)
    {
        if (!_hasSecret || IsSecretStale(now))
        {
            _random.Fill(_secret);
            _secretSince = now;
            _hasSecret = true;
        }

        Message.WriteType(reply, MessageType.CookieReply);
        message.Slice(InitiationMessage.SenderIndexOffset, sizeof(uint)).CopyTo(reply[CookieReplyMessage.ReceiverIndexOffset..]);
        var nonce = reply.Slice(CookieReplyMessage.NonceOffset, CookieReplyMessage.NonceLength);
        _random.Fill(nonce);
        Span<byte> cookie = stackalloc byte[CookieLength];
        WriteCookie(source, cookie);
        XChaCha20Poly1305.Seal(_cookieKey, nonce, message.Slice(Mac1Key.Mac1Offset(message), Message.MacLength), cookie, reply[CookieReplyMessage.CookieOffset..CookieReplyMessage.Length]);
    }

    public void Dispose()
    {
        Zero.Fill(_secret);
        _hasSecret = false;
    }

    private bool IsSecretStale(long now) => now - _secretSince >= SecretLifetime;

    /// <summary>τ := Mac(secret, source address ‖ source port).</summary>
    private void WriteCookie(in IpEndpoint source, Span<byte> cookie)
    {
        Span<byte> input = stackalloc byte[LongestSource];
        int length = source.Address.WriteTo(input);
        BinaryPrimitives.WriteUInt16BigEndian(input[length..], source.Port);
        Blake2s.Mac(_secret, input[..(length + sizeof(ushort))], cookie);
    }
}
