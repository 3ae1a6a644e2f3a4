using System.Runtime.InteropServices;
using Keyhole.Cryptography;

namespace Keyhole.WireGuard;

/// <summary>The sender's side of mac1, mac2 and cookies towards one peer (paper section 5.4.4): the last mac1 sent and the last cookie received.</summary>
internal struct CookieMaker
{
    /// <summary>5 s less than the peer's secret lives, so that a cookie is not used just too late.</summary>
    private const long CookieLifetime = CookieChecker.SecretLifetime - 5_000_000;

    private UInt128 _lastMac1;
    private UInt128 _cookie;
    private long _cookieSince;
    private bool _awaitsReply;
    private bool _hasCookie;

    /// <summary>Writes mac1 and mac2 of a complete message; true when mac2 carries a cookie.</summary>
    public bool WriteMacs(in Mac1Key mac1Key, Span<byte> message, long now)
    {
        mac1Key.Write(message);
        int offset = Mac1Key.Mac1Offset(message);
        _lastMac1 = MemoryMarshal.Read<UInt128>(message[offset..]);
        _awaitsReply = true;
        offset += Message.MacLength;
        var mac2 = message.Slice(offset, Message.MacLength);
        if (!_hasCookie || now - _cookieSince >= CookieLifetime)
        {
            mac2.Clear();
            return false;
        }

        Blake2s.Mac(MemoryMarshal.AsBytes(new ReadOnlySpan<UInt128>(in _cookie)), message[..offset], mac2);
        return true;
    }

    /// <summary>Takes the cookie of a reply to the last message sent; false when it does not answer that.</summary>
    public bool TryAccept(in PublicKey peer, ReadOnlySpan<byte> reply, long now)
    {
        if (!_awaitsReply)
            return false;
        Span<byte> key = stackalloc byte[XChaCha20Poly1305.KeyLength];
        Blake2s.Hash(NoiseConstants.LabelCookie, peer.Bytes, key);
        UInt128 cookie = default;
        if (!XChaCha20Poly1305.TryOpen(
            key,
            reply.Slice(CookieReplyMessage.NonceOffset, CookieReplyMessage.NonceLength),
            MemoryMarshal.AsBytes(new ReadOnlySpan<UInt128>(in _lastMac1)),
            reply[CookieReplyMessage.CookieOffset..CookieReplyMessage.Length],
            MemoryMarshal.AsBytes(new Span<UInt128>(ref cookie))))
            return false;
        _cookie = cookie;
        _cookieSince = now;
        _hasCookie = true;
        _awaitsReply = false;
        return true;
    }
}
