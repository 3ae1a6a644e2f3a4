using Xunit.Abstractions;

namespace Keyhole.Cryptography.Tests;

/// <summary>Every instruction width against .NET's and libsodium's implementation. The paths that the processor lacks run in emulation.</summary>
public class CipherPathTests(ITestOutputHelper output)
{
    private const int LongestPacket = 65535;

    private const string Whole = "Vector512 whole";
    private const string Split = "Vector512 split";

    public static TheoryData<string> Paths => [nameof(CipherPath.Scalar), nameof(CipherPath.Vector128), nameof(CipherPath.Vector256), Whole, Split];

    [Theory]
    [MemberData(nameof(Paths))]
    public void Every_length_to_4096_equals_dotnet_and_libsodium(string path)
    {
        var random = new SeededRandom(output);
        byte[] keyBytes = random.Bytes(32), plain = random.Bytes(4096), buffer = new byte[4096 + 16 + 64], sodium = new byte[4096 + 16];
        using var key = new TransportKey(keyBytes, Cipher(path));
        using var reference = new System.Security.Cryptography.ChaCha20Poly1305(keyBytes);
        for (int length = 0; length <= 4096; length++)
        {
            ulong counter = random.Counter();
            var text = plain.AsSpan(0, length);
            int shift = length % 61;
            buffer.AsSpan().Fill(0xA5);
            var packet = buffer.AsSpan(shift, length + 16);
            text.CopyTo(packet);

            key.Seal(counter, packet, length);
            AssertEquals(reference, counter, text, packet, path);
            if (length % 8 == 0)
            {
                ChaCha20Poly1305Aead.Seal(keyBytes, counter, [], text, sodium.AsSpan(0, length + 16));
                Assert.True(packet.SequenceEqual(sodium.AsSpan(0, length + 16)), $"{path}, {length} bytes, libsodium");
            }
            Assert.False(buffer.AsSpan(0, shift).ContainsAnyExcept((byte)0xA5));
            Assert.False(buffer.AsSpan(shift + length + 16).ContainsAnyExcept((byte)0xA5));

            Assert.True(key.Open(counter, packet), $"{path}, {length} bytes");
            Assert.True(packet[..length].SequenceEqual(text), $"{path}, {length} bytes");
            Assert.False(buffer.AsSpan(0, shift).ContainsAnyExcept((byte)0xA5));
            Assert.False(buffer.AsSpan(shift + length + 16).ContainsAnyExcept((byte)0xA5));
        }
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void Random_lengths_to_65535_equal_dotnet(string path)
    {
        var random = new SeededRandom(output);
        byte[] plain = random.Bytes(LongestPacket), buffer = new byte[LongestPacket + 16];
        for (int round = 0; round < 40; round++)
        {
            byte[] keyBytes = random.Bytes(32);
            using var key = new TransportKey(keyBytes, Cipher(path));
            using var reference = new System.Security.Cryptography.ChaCha20Poly1305(keyBytes);
            int length = round == 0 ? LongestPacket : random.Next(LongestPacket + 1);
            ulong counter = random.Counter();
            var text = plain.AsSpan(0, length);
            var packet = buffer.AsSpan(0, length + 16);
            text.CopyTo(packet);
            key.Seal(counter, packet, length);
            AssertEquals(reference, counter, text, packet, path);
            Assert.True(key.Open(counter, packet));
            Assert.True(packet[..length].SequenceEqual(text));
        }
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void Batches_of_any_lengths_equal_dotnet(string path)
    {
        var random = new SeededRandom(output);
        byte[] plain = random.Bytes(1 << 18);
        for (int round = 0; round < 60; round++)
        {
            byte[] keyBytes = random.Bytes(32);
            using var key = new TransportKey(keyBytes, Cipher(path));
            using var reference = new System.Security.Cryptography.ChaCha20Poly1305(keyBytes);
            int longest = (round % 7) switch { 0 => 64, 1 => 192, 2 => 500, 3 => 1420, 4 => 2500, 5 => 800, _ => 300 };
            var packets = new TransportPacket[random.Next(70)];
            byte[] buffer = [.. plain];
            for (int i = 0, offset = random.Next(64); i < packets.Length; i++)
            {
                int length = round % 2 == 0 ? random.Next(longest + 1) : longest - (i == packets.Length - 1 ? random.Next(longest) : 0);
                packets[i] = new TransportPacket(offset, length, random.Counter());
                offset += length + 16 + random.Next(33);
            }

            key.Seal(buffer, packets);
            int end = 0;
            foreach (ref var packet in packets.AsSpan())
            {
                Assert.True(buffer.AsSpan(end, packet.Offset - end).SequenceEqual(plain.AsSpan(end, packet.Offset - end)), "a gap was written");
                AssertEquals(reference, packet.Counter, plain.AsSpan(packet.Offset, packet.Length), buffer.AsSpan(packet.Offset, packet.Length + 16), path);
                packet.Length += 16;
                end = packet.Offset + packet.Length;
            }

            var forged = Enumerable.Range(0, packets.Length).Where(_ => random.Next(5) == 0).ToHashSet();
            foreach (int i in forged)
                buffer[packets[i].Offset + random.Next(packets[i].Length)] ^= (byte)(1 << random.Next(8));
            Assert.Equal(packets.Length - forged.Count, key.Open(buffer, packets));
            for (int i = 0; i < packets.Length; i++)
            {
                var packet = packets[i];
                Assert.Equal(!forged.Contains(i), packet.IsAuthentic);
                if (packet.IsAuthentic)
                    Assert.True(buffer.AsSpan(packet.Offset, packet.Length - 16).SequenceEqual(plain.AsSpan(packet.Offset, packet.Length - 16)));
            }
        }
    }

    [Theory]
    [Trait("Threat", "1")]
    [MemberData(nameof(Paths))]
    public void A_flipped_bit_in_any_byte_is_refused_and_changes_nothing(string path)
    {
        var random = new SeededRandom(output);
        using var key = new TransportKey(Hex.Ramp(32), Cipher(path));
        foreach (int length in new[] { 0, 1, 15, 16, 17, 64, 100, 200, 300, 447, 448, 500, 1420 })
        {
            byte[] good = random.Bytes(length + 16);
            key.Seal(3, good, length);
            for (int at = 0; at < good.Length; at++)
            {
                byte[] bad = [.. good];
                bad[at] ^= (byte)(1 << random.Next(8));
                byte[] before = [.. bad];
                Assert.False(key.Open(3, bad), $"{path}, {length} bytes, byte {at}");
                Assert.Equal(before, bad);
            }
            Assert.False(key.Open(4, [.. good]));
            Assert.True(key.Open(3, good));
        }
    }

    /// <summary>Texts of ones and of zeros drive the limbs and carries of Poly1305 to their ends.</summary>
    [Theory]
    [MemberData(nameof(Paths))]
    public void Extreme_ciphertexts_get_the_tags_of_dotnet(string path)
    {
        var random = new SeededRandom(output);
        for (int round = 0; round < 120; round++)
        {
            byte[] keyBytes = random.Bytes(32);
            using var key = new TransportKey(keyBytes, Cipher(path));
            using var reference = new System.Security.Cryptography.ChaCha20Poly1305(keyBytes);
            int length = random.Next(1500);
            byte[] stream = new byte[length + 16], text = new byte[length];
            key.Seal(1, stream, length);
            byte wanted = round % 2 == 0 ? (byte)0xff : (byte)0;
            for (int i = 0; i < length; i++)
                text[i] = (byte)(stream[i] ^ wanted);
            byte[] packet = [.. text, .. new byte[16]];
            key.Seal(1, packet, length);
            Assert.False(packet.AsSpan(0, length).ContainsAnyExcept(wanted));
            AssertEquals(reference, 1, text, packet, path);
        }
    }

    [Fact]
    public void The_variable_chooses_a_path_and_refuses_others()
    {
        foreach (string name in Enum.GetNames<CipherPath>())
            Assert.Equal(name, TransportCipher.Create(TransportCipher.ChoosePath(name.ToLowerInvariant())).Path.ToString());
        Assert.Equal(TransportCipher.ChoosePath(null), TransportCipher.ChoosePath(""));
        Assert.Throws<InvalidOperationException>(() => TransportCipher.ChoosePath("fast"));
        Assert.Throws<InvalidOperationException>(() => TransportCipher.ChoosePath("1"));
        output.WriteLine($"this process: {TransportCipher.Selected.Path}");
    }

    private static TransportCipher Cipher(string path) => path switch
    {
        Whole => new Vector512Cipher(isSplit: false),
        Split => new Vector512Cipher(isSplit: true),
        _ => TransportCipher.Create(Enum.Parse<CipherPath>(path)),
    };

    private static void AssertEquals(
        System.Security.Cryptography.ChaCha20Poly1305 reference, ulong counter, ReadOnlySpan<byte> text, ReadOnlySpan<byte> packet, string path)
    {
        byte[] nonce = [0, 0, 0, 0, .. BitConverter.GetBytes(counter)];
        byte[] expected = new byte[text.Length + 16];
        reference.Encrypt(nonce, text, expected.AsSpan(0, text.Length), expected.AsSpan(text.Length));
        Assert.True(packet[..text.Length].SequenceEqual(expected.AsSpan(0, text.Length)), $"{path}: ciphertext of {text.Length} bytes");
        Assert.True(packet[text.Length..].SequenceEqual(expected.AsSpan(text.Length)), $"{path}: tag of {text.Length} bytes");
    }
}
