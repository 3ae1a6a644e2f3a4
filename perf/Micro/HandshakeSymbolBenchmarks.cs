using BenchmarkDotNet.Attributes;
using Keyhole.Cryptography;

namespace Keyhole.Perf;

/// <summary>The symbols of a handshake: hash, MAC, HMAC, KDF, X25519, handshake AEAD.</summary>
public class HandshakeSymbolBenchmarks
{
    private readonly PrivateKey _private = PrivateKey.Generate(RandomSource.System);
    private readonly PublicKey _public;
    private readonly byte[] _message = new byte[116];
    private readonly byte[] _key = new byte[32];
    private readonly byte[] _first = new byte[32];
    private readonly byte[] _second = new byte[32];
    private readonly byte[] _third = new byte[32];
    private readonly byte[] _mac = new byte[16];
    private readonly byte[] _sealed = new byte[48];

    public HandshakeSymbolBenchmarks()
    {
        using var peer = PrivateKey.Generate(RandomSource.System);
        _public = peer.PublicKey;
    }

    [GlobalCleanup]
    public void Cleanup() => _private.Dispose();

    [Benchmark]
    public void Hash64() => Blake2s.Hash(_message.AsSpan(0, 64), _first);

    [Benchmark]
    public bool VerifyMac1() => Blake2s.Verify(_key, _message, _mac);

    [Benchmark]
    public void Hmac() => HmacBlake2s.Compute(_key, _first, _second);

    [Benchmark]
    public void Kdf3() => Kdf.Derive3(_key, _message, _first, _second, _third);

    [Benchmark]
    public bool X25519() => _private.TryAgree(_public, _first);

    [Benchmark]
    public void SealHandshake() => ChaCha20Poly1305Aead.Seal(_key, 0, _second, _third, _sealed);
}
