using System.Buffers.Binary;
using Keyhole.Cryptography;

namespace Keyhole.Fuzz;

/// <summary>
/// The cipher of transport packets at the edge of memory: what it seals it opens, what was changed it refuses, and it
/// agrees with the handshake cipher, which is another implementation. Input: 8 bytes counter, then the packet.
/// </summary>
internal sealed class TransportKeyTarget : IFuzzTarget
{
    private const int CounterLength = 8;

    private static readonly byte[] Key = [.. Enumerable.Range(1, TransportKey.KeyLength).Select(i => (byte)i)];

    private readonly byte[] _expected = new byte[4096];
    private readonly byte[] _plain = new byte[4096];

    public string Name => "transport-key";

    public string Door => "bytes to TransportKey.Open and Seal, in place, against the handshake cipher";

    public int MaximumLength => 4096;

    public IEnumerable<(string Name, byte[] Input)> Seeds
    {
        get
        {
            foreach (int length in new[] { 0, 1, 15, 16, 17, 63, 64, 65, 128, 255, 256, 257, 576, 1420, 1500, 4000 })
            {
                byte[] input = new byte[CounterLength + length + TransportKey.TagLength];
                input[7] = (byte)length;
                ChaCha20Poly1305Aead.Seal(Key, Counter(input), default, new byte[length], input.AsSpan(CounterLength));
                yield return ($"sealed-{length:0000}", input);
            }
        }
    }

    public ulong Run(Span<byte> input)
    {
        if (input.Length < CounterLength + TransportKey.TagLength)
            return 0;
        using var key = new TransportKey(Key);
        ulong counter = Counter(input);
        var text = input[CounterLength..];
        int length = text.Length - TransportKey.TagLength;
        bool authentic = ChaCha20Poly1305Aead.TryOpen(Key, counter, default, text, _plain.AsSpan(0, length));
        Promise.Holds(key.Open(counter, text) == authentic);
        if (authentic)
            Promise.Holds(text[..length].SequenceEqual(_plain.AsSpan(0, length)));
        text[..length].CopyTo(_plain);
        ChaCha20Poly1305Aead.Seal(Key, counter, default, _plain.AsSpan(0, length), _expected.AsSpan(0, text.Length));
        key.Seal(counter, text, length);
        Promise.Holds(text.SequenceEqual(_expected.AsSpan(0, text.Length)));
        text[(int)(counter % (ulong)text.Length)] ^= (byte)(1 << (int)(counter >> 8 & 7));
        Promise.Holds(!key.Open(counter, text));
        return (ulong)long.Log2(length + 1) << 1 | (authentic ? 1u : 0u);
    }

    private static ulong Counter(ReadOnlySpan<byte> input) => BinaryPrimitives.ReadUInt64LittleEndian(input);
}
