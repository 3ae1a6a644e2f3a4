using System.Text;

namespace Keyhole.Client.Tests;

/// <summary>The one request of HTTP that makes a tunnel.</summary>
public class HttpConnectTests
{
    [Theory]
    [InlineData("web.acme.internal:443", "web.acme.internal:443")]
    [InlineData("192.168.1.20:80", "192.168.1.20:80")]
    [InlineData("[fd00::9]:8080", "[fd00::9]:8080")]
    public void A_target_is_read_whatever_pieces_it_comes_in(string authority, string target)
    {
        byte[] head = Encoding.ASCII.GetBytes($"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: curl\r\n\r\nearly");
        foreach (int piece in new[] { 1, 7, 1000 })
        {
            var handshake = new ProxyHandshake(null);
            var (step, answers, left) = ProxyHandshakeTests.Feed(handshake, head, piece);
            Assert.Equal(HandshakeStep.Request, step);
            Assert.Empty(answers);
            Assert.StartsWith(Encoding.ASCII.GetString(left), "early", StringComparison.Ordinal);
            Assert.True(handshake.IsHttp);
            Assert.Equal(target, handshake.Request.Target.ToString());
        }
    }

    [Theory]
    [InlineData("GET http://web/ HTTP/1.1\r\n\r\n", "405 Method Not Allowed")]
    [InlineData("CONNECT web HTTP/1.1\r\n\r\n", "400 Bad Request")]
    [InlineData("CONNECT web:0 HTTP/1.1\r\n\r\n", "400 Bad Request")]
    [InlineData("CONNECT web:70000 HTTP/1.1\r\n\r\n", "400 Bad Request")]
    [InlineData("CONNECT web:80x HTTP/1.1\r\n\r\n", "400 Bad Request")]
    [InlineData("CONNECT :80 HTTP/1.1\r\n\r\n", "400 Bad Request")]
    [InlineData("CONNECT web:80\r\n\r\n", "400 Bad Request")]
    [InlineData("CONNECT [web]:80 HTTP/1.1\r\n\r\n", "400 Bad Request")]
    [InlineData("CONNECT fd00::9:80 HTTP/1.1\r\n\r\n", "400 Bad Request")]
    public void Whatever_else_is_refused(string head, string status)
    {
        var (step, answers, _) = ProxyHandshakeTests.Feed(new ProxyHandshake(null), Encoding.ASCII.GetBytes(head), 1000);
        Assert.Equal(HandshakeStep.Unsupported, step);
        Assert.StartsWith($"HTTP/1.1 {status}\r\n", Encoding.ASCII.GetString(answers), StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\n", Encoding.ASCII.GetString(answers), StringComparison.Ordinal);
    }

    [Fact]
    public void A_head_without_end_is_refused_at_its_limit()
    {
        byte[] endless = Encoding.ASCII.GetBytes($"CONNECT web:80 HTTP/1.1\r\nX: {new string('x', ProxyHandshake.MaximumLength)}");
        Assert.Equal(HandshakeStep.More, ProxyHandshakeTests.Feed(new ProxyHandshake(null), endless.AsSpan(0, ProxyHandshake.MaximumLength - 1), 4000).Step);
        var (step, answers, _) = ProxyHandshakeTests.Feed(new ProxyHandshake(null), endless.AsSpan(0, ProxyHandshake.MaximumLength), 4000);
        Assert.Equal(HandshakeStep.Unsupported, step);
        Assert.StartsWith("HTTP/1.1 431 ", Encoding.ASCII.GetString(answers), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Proxy-Authorization: Basic YW5uOnNlY3JldA==", true)]
    [InlineData("proxy-authorization:basic YW5uOnNlY3JldA==", true)]
    [InlineData("X-Other: 1\r\nProxy-Authorization:  Basic  YW5uOnNlY3JldA== ", true)]
    [InlineData("Proxy-Authorization: Basic YW5uOlNlY3JldA==", false)]
    [InlineData("Proxy-Authorization: Basic YW5u", false)]
    [InlineData("Proxy-Authorization: Basic !", false)]
    [InlineData("Proxy-Authorization: Bearer YW5uOnNlY3JldA==", false)]
    [InlineData("Authorization: Basic YW5uOnNlY3JldA==", false)]
    public void Credentials_are_Basic_and_right(string field, bool isRight)
    {
        byte[] head = Encoding.ASCII.GetBytes($"CONNECT web:80 HTTP/1.1\r\n{field}\r\n\r\n");
        var (step, answers, _) = ProxyHandshakeTests.Feed(new ProxyHandshake(new SocksCredentials("ann", "secret")), head, 1000);
        Assert.Equal(isRight ? HandshakeStep.Request : HandshakeStep.Unauthorised, step);
        if (!isRight)
            Assert.Contains("407 Proxy Authentication Required\r\nProxy-Authenticate: Basic", Encoding.ASCII.GetString(answers), StringComparison.Ordinal);
    }

    [Fact]
    public void Replies_say_how_it_went()
    {
        var handshake = new ProxyHandshake(null);
        ProxyHandshakeTests.Feed(handshake, "CONNECT web:80 HTTP/1.1\r\n\r\n"u8, 1000);
        byte[] answer = new byte[ProxyHandshake.AnswerLength];
        foreach (var (reply, status) in new[] { (SocksReply.Succeeded, 200), (SocksReply.NotAllowed, 403), (SocksReply.ConnectionRefused, 502), (SocksReply.HostUnreachable, 502), (SocksReply.TtlExpired, 504), (SocksReply.GeneralFailure, 503) })
        {
            string text = Encoding.ASCII.GetString(answer, 0, handshake.WriteReply(answer, reply, default));
            Assert.StartsWith($"HTTP/1.1 {status} ", text, StringComparison.Ordinal);
            Assert.EndsWith("\r\n\r\n", text, StringComparison.Ordinal);
            Assert.Equal(reply != SocksReply.Succeeded, text.Contains("Content-Length: 0", StringComparison.Ordinal));
        }
    }
}
