using System.Net;
using System.Text;

namespace Keyhole.Edge.Tests.Tls;

/// <summary>CONNECT to a proxy that answers as the test wants.</summary>
public class HttpTunnelTests
{
    private static readonly Uri Target = new("https://relay.example.com:443/");

    [Fact]
    public async Task After_the_proxys_answer_the_stream_is_the_targets()
    {
        using var proxy = new Script("HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\nhello");
        await HttpTunnel.OpenAsync(proxy, Target, credential: null, CancellationToken.None);
        Assert.Equal("CONNECT relay.example.com:443 HTTP/1.1\r\nHost: relay.example.com:443\r\n\r\n", proxy.Written);
        byte[] rest = new byte[5];
        await proxy.ReadExactlyAsync(rest);
        Assert.Equal("hello", Encoding.ASCII.GetString(rest));
    }

    [Fact]
    public async Task A_name_and_a_password_are_shown_to_the_proxy_alone()
    {
        using var proxy = new Script("HTTP/1.0 200\r\n\r\n");
        await HttpTunnel.OpenAsync(proxy, new Uri("https://[2001:db8::1]:8443/"), new NetworkCredential("anna", "secret"), CancellationToken.None);
        Assert.Equal(
            $"CONNECT [2001:db8::1]:8443 HTTP/1.1\r\nHost: [2001:db8::1]:8443\r\nProxy-Authorization: Basic {Convert.ToBase64String("anna:secret"u8)}\r\n\r\n", proxy.Written);
    }

    [Theory]
    [InlineData("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "407 Proxy Authentication Required")]
    [InlineData("HTTP/1.1 502 Bad\u001b[31m Gateway\r\n\r\n", "502 Bad[31m Gateway")]
    [InlineData("SSH-2.0-x\r\n\r\n", "SSH-2.0-x")]
    [InlineData("HTTP/1.1\r\n\r\n", "HTTP/1.1")]
    [InlineData("HTTP/1.1 200 OK\r\n", "closed the connection")]
    [InlineData("", "closed the connection")]
    public async Task Whatever_else_it_says_is_a_refusal(string answer, string reason)
    {
        using var proxy = new Script(answer);
        var refused = await Assert.ThrowsAsync<IOException>(() => HttpTunnel.OpenAsync(proxy, Target, credential: null, CancellationToken.None));
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_without_an_end_is_bounded()
    {
        using var proxy = new Script("HTTP/1.1 200 OK\r\n" + new string('x', 100_000));
        Assert.Contains("too long", (await Assert.ThrowsAsync<IOException>(() => HttpTunnel.OpenAsync(proxy, Target, credential: null, CancellationToken.None))).Message, StringComparison.Ordinal);
    }

    /// <summary>Says one thing and keeps what it was told.</summary>
    private sealed class Script(string answer) : MemoryStream(Encoding.Latin1.GetBytes(answer))
    {
        public string Written { get; private set; } = "";

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Written += Encoding.ASCII.GetString(buffer.Span);
            return ValueTask.CompletedTask;
        }
    }
}
