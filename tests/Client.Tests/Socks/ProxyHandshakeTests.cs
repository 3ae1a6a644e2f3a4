using System.Text;
using Keyhole.Packets;

namespace Keyhole.Client.Tests;

/// <summary>RFC 1928 and RFC 1929, message by message.</summary>
public class ProxyHandshakeTests
{
    private static readonly byte[] s_greeting = [5, 1, 0];
    private static readonly SocksCredentials s_credentials = new("ann", "secret");

    public static TheoryData<string, byte[], string> Requests => new()
    {
        { "IPv4", [5, 1, 0, 1, 192, 168, 1, 20, 0, 80], "192.168.1.20:80" },
        { "IPv6", [5, 1, 0, 4, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0x1F, 0x90], "[fd00::9]:8080" },
        { "a name", [5, 1, 0, 3, 3, (byte)'w', (byte)'e', (byte)'b', 1, 187], "web:443" },
        { "a name that is an address", [5, 1, 0, 3, 8, .. "10.0.0.1"u8, 0, 22], "10.0.0.1:22" },
    };

    [Theory]
    [MemberData(nameof(Requests))]
    public void A_request_is_read_whatever_pieces_it_comes_in(string kind, byte[] request, string target)
    {
        _ = kind;
        byte[] whole = [.. s_greeting, .. request];
        for (int piece = 1; piece <= whole.Length; piece++)
        {
            var handshake = new ProxyHandshake(null);
            var (step, answers, left) = Feed(handshake, whole, piece);
            Assert.Equal(HandshakeStep.Request, step);
            Assert.Equal([5, 0], answers);
            Assert.Empty(left);
            Assert.Equal((ProxyCommandKind.Connect, target), (handshake.Request.Command, handshake.Request.Target.ToString()));
        }
    }

    [Fact]
    public void What_follows_a_request_is_left_for_the_target()
    {
        var handshake = new ProxyHandshake(null);
        var (step, _, left) = Feed(handshake, [.. s_greeting, 5, 1, 0, 1, 10, 0, 0, 1, 0, 80, .. "GET /"u8], 100);
        Assert.Equal(HandshakeStep.Request, step);
        Assert.Equal("GET /", Encoding.ASCII.GetString(left));
    }

    [Fact]
    public void An_association_may_leave_open_where_it_sends_from()
    {
        var handshake = new ProxyHandshake(null);
        Assert.Equal(HandshakeStep.Request, Feed(handshake, [.. s_greeting, 5, 3, 0, 1, 0, 0, 0, 0, 0, 0], 100).Step);
        Assert.Equal(new ProxyRequest(ProxyCommandKind.UdpAssociate, new ProxyTarget(null, IpAddress.Ipv4Any, 0)), handshake.Request);
    }

    [Theory]
    [InlineData(new byte[] { 4, 1, 0, 80 })]
    [InlineData(new byte[] { 0x16, 3, 1 })]
    [InlineData(new byte[] { 5, 0 })]
    [InlineData(new byte[] { 5, 1, 0, 4 })]
    [InlineData(new byte[] { 5, 1, 0, 5, 1, 9 })]
    public void What_is_neither_SOCKS5_nor_HTTP_is_not_answered_as_such(byte[] bytes) =>
        Assert.Equal(HandshakeStep.Malformed, Feed(new ProxyHandshake(null), bytes, 100).Step);

    [Theory]
    [InlineData(new byte[] { 5, 2, 0, 1, 10, 0, 0, 1, 0, 80 }, (byte)7)]
    [InlineData(new byte[] { 5, 1, 0, 2, 10, 0, 0, 1, 0, 80 }, (byte)8)]
    [InlineData(new byte[] { 5, 1, 0, 1, 10, 0, 0, 1, 0, 0 }, (byte)1)]
    [InlineData(new byte[] { 5, 1, 0, 3, 0, 0, 80 }, (byte)1)]
    [InlineData(new byte[] { 5, 1, 0, 3, 2, (byte)'a', 10, 0, 80 }, (byte)1)]
    public void What_is_not_offered_is_refused_with_its_code(byte[] request, byte code)
    {
        var (step, answers, _) = Feed(new ProxyHandshake(null), [.. s_greeting, .. request], 100);
        Assert.Equal(HandshakeStep.Unsupported, step);
        Assert.Equal([5, 0, 5, code, 0, 1, 0, 0, 0, 0, 0, 0], answers);
    }

    [Fact]
    public void With_credentials_they_must_be_given_and_right()
    {
        byte[] request = [5, 1, 0, 1, 10, 0, 0, 1, 0, 80];
        byte[] right = [5, 2, 0, 2, 1, 3, .. "ann"u8, 6, .. "secret"u8, .. request];
        for (int piece = 1; piece <= right.Length; piece++)
        {
            var (step, answers, _) = Feed(new ProxyHandshake(s_credentials), right, piece);
            Assert.Equal(HandshakeStep.Request, step);
            Assert.Equal([5, 2, 1, 0], answers);
        }

        foreach (var (user, password) in new[] { ("ann", "Secret"), ("ann", ""), ("", "secret"), ("bob", "secret"), ("ann", "secret2") })
        {
            byte[] wrong = [5, 1, 2, 1, (byte)user.Length, .. Encoding.ASCII.GetBytes(user), (byte)password.Length, .. Encoding.ASCII.GetBytes(password), .. request];
            var (step, answers, _) = Feed(new ProxyHandshake(s_credentials), wrong, 100);
            Assert.Equal(HandshakeStep.Unauthorised, step);
            Assert.Equal([5, 2, 1, 1], answers);
        }

        var (none, refusal, _) = Feed(new ProxyHandshake(s_credentials), [.. s_greeting, .. request], 100);
        Assert.Equal(HandshakeStep.Unauthorised, none);
        Assert.Equal([5, 0xFF], refusal);
        Assert.Equal(HandshakeStep.Malformed, Feed(new ProxyHandshake(s_credentials), [5, 1, 2, .. request], 100).Step);
    }

    [Theory]
    [InlineData("192.0.2.1:1080", new byte[] { 5, 0, 0, 1, 192, 0, 2, 1, 4, 56 })]
    [InlineData("[::1]:1", new byte[] { 5, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1 })]
    public void A_reply_names_the_bound_address(string bound, byte[] expected)
    {
        Assert.True(IpEndpoint.TryParse(bound, out var endpoint));
        byte[] answer = new byte[ProxyHandshake.AnswerLength];
        Assert.Equal(expected, answer[..new ProxyHandshake(null).WriteReply(answer, SocksReply.Succeeded, endpoint)]);
    }

    /// <summary>Feeds bytes in pieces until there is a result: the last step, all answers, and what was not consumed.</summary>
    internal static (HandshakeStep Step, byte[] Answers, byte[] Left) Feed(ProxyHandshake handshake, ReadOnlySpan<byte> bytes, int piece)
    {
        var answers = new List<byte>();
        byte[] answer = new byte[ProxyHandshake.AnswerLength];
        int start = 0, end = 0;
        while (true)
        {
            var step = handshake.Next(bytes[start..end], out int consumed, answer, out int length);
            start += consumed;
            answers.AddRange(answer[..length]);
            if (step == HandshakeStep.More && end < bytes.Length)
                end = Math.Min(end + piece, bytes.Length);
            else if (step != HandshakeStep.Answer)
                return (step, [.. answers], bytes[start..end].ToArray());
        }
    }
}
