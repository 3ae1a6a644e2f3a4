using System.Text;
using Xunit.Abstractions;

namespace Keyhole.Cryptography.Tests;

/// <summary>The RFC's vector has four lanes, a secret and data, which the library's interface lacks: it checks the twin, and the twin checks the library.</summary>
public class Argon2Tests(ITestOutputHelper output)
{
    [Fact]
    public void Rfc9106_section_5_3_gives_the_twin_its_tag()
    {
        byte[] tag = Argon2Twin.Derive(
            [.. Enumerable.Repeat((byte)1, 32)], [.. Enumerable.Repeat((byte)2, 16)], [.. Enumerable.Repeat((byte)3, 8)], [.. Enumerable.Repeat((byte)4, 12)],
            lanes: 4, memoryKibibytes: 32, passes: 3, length: 32);
        Assert.Equal("0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659", Hex.Text(tag));
    }

    [Fact]
    public void The_library_gives_what_the_twin_gives()
    {
        var random = new SeededRandom(output);
        foreach (var (memory, passes, length) in new[] { (8, 1, 16), (64, 3, 32), (256, 2, 64), (131, 1, 100) })
        {
            byte[] password = random.Bytes(random.Next(40)), salt = random.Bytes(16), derived = new byte[length];
            Argon2id.Derive(password, salt, memory, passes, derived);
            Assert.Equal(Hex.Text(Argon2Twin.Derive(password, salt, [], [], 1, memory, passes, length)), Hex.Text(derived));
        }
    }

    [Fact]
    public void Callers_faults_throw()
    {
        byte[] password = Encoding.UTF8.GetBytes("secret");
        Assert.Throws<ArgumentException>(() => Argon2id.Derive(password, new byte[15], 8, 1, new byte[16]));
        Assert.Throws<ArgumentException>(() => Argon2id.Derive(password, new byte[16], 8, 1, new byte[15]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Argon2id.Derive(password, new byte[16], 7, 1, new byte[16]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Argon2id.Derive(password, new byte[16], 8, 0, new byte[16]));
    }
}
