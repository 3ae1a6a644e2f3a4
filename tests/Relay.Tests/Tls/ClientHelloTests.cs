using System.Buffers.Binary;
using System.Net.Security;

namespace Keyhole.Relay.Tests.Tls;

/// <summary>The look into the first message of a TLS connection.</summary>
public class ClientHelloTests
{
    private static readonly byte[] Protocol = "keyhole"u8.ToArray();

    [Theory]
    [InlineData(new[] { "keyhole" }, true)]
    [InlineData(new[] { "h2", "keyhole", "http/1.1" }, true)]
    [InlineData(new[] { "h2", "http/1.1" }, false)]
    [InlineData(new[] { "keyhole2", "keyhol" }, false)]
    [InlineData(new string[0], false)]
    public async Task The_hello_of_a_real_client_is_understood_however_it_is_cut(string[] protocols, bool offers)
    {
        byte[] hello = await RealHelloAsync(protocols);
        var expected = offers ? ClientHelloResult.Offers : ClientHelloResult.OffersOther;
        Assert.Equal(expected, Read(hello));
        for (int length = 0; length < hello.Length; length++)
            Assert.Equal(ClientHelloResult.NeedsMore, Read(hello.AsSpan(0, length)));
        foreach (int fragment in new[] { hello.Length / 15, 100, 1000 })
            Assert.Equal(expected, Read(Fragment(hello, fragment)));
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n")]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n")]
    [InlineData("\u0016\u0002")]
    [InlineData("\u0016\u0003\u0001\u0000\u0000")]
    [InlineData("\u0016\u0003\u0001\u0000\u0004\u0002\u0000\u0000\u0000")]
    public void What_is_no_hello_is_refused_at_once(string text) => Assert.Equal(ClientHelloResult.Refused, Read([.. text.Select(letter => (byte)letter)]));

    [Fact]
    public async Task A_hello_that_is_too_long_or_cut_too_small_is_refused()
    {
        byte[] hello = await RealHelloAsync(["keyhole"]);
        Assert.Equal(ClientHelloResult.Refused, Read(Fragment(hello, 1)));
        byte[] huge = [.. hello];
        huge[6] = 1;
        Assert.Equal(ClientHelloResult.Refused, Read(huge));
    }

    [Fact]
    public async Task No_change_of_a_hello_makes_it_throw_or_read_past_its_end()
    {
        byte[] hello = await RealHelloAsync(["h2", "keyhole"]);
        int seed = TestSeed.Next();
        var random = new Random(seed);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] changed = [.. hello];
            for (int change = random.Next(1, 4); change > 0; change--)
                changed[random.Next(changed.Length)] = (byte)random.Next(256);
            Read(changed.AsSpan(0, random.Next(changed.Length + 1)));
        }
    }

    private static ClientHelloResult Read(ReadOnlySpan<byte> bytes) => ClientHello.Read(bytes, Protocol);

    /// <summary>What the framework's client says first.</summary>
    private static async Task<byte[]> RealHelloAsync(string[] protocols)
    {
        using var written = new MemoryStream();
        using var tls = new SslStream(new HalfStream(written));
        var options = new SslClientAuthenticationOptions { TargetHost = "relay.example.com", ApplicationProtocols = [.. protocols.Select(name => new SslApplicationProtocol(name))] };
        await Assert.ThrowsAnyAsync<Exception>(() => tls.AuthenticateAsClientAsync(options));
        return written.ToArray();
    }

    /// <summary>The same message in records of this many bytes.</summary>
    private static byte[] Fragment(byte[] hello, int length)
    {
        var message = hello.AsSpan(5);
        var records = new List<byte>();
        for (; !message.IsEmpty; message = message[Math.Min(length, message.Length)..])
        {
            Span<byte> head = [22, 3, 1, 0, 0];
            BinaryPrimitives.WriteUInt16BigEndian(head[3..], (ushort)Math.Min(length, message.Length));
            records.AddRange(head);
            records.AddRange(message[..Math.Min(length, message.Length)]);
        }

        return [.. records];
    }

    /// <summary>Takes what is written; there is nothing to read.</summary>
    private sealed class HalfStream(MemoryStream written) : Stream
    {
        public override bool CanRead => true;

        public override bool CanWrite => true;

        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => 0; set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count) => throw new IOException();

        public override void Write(byte[] buffer, int offset, int count) => written.Write(buffer, offset, count);

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
