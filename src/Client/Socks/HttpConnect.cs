using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace Keyhole.Client;

/// <summary>
/// The one HTTP/1.1 request that makes a tunnel (RFC 9110 section 9.3.6, RFC 9112): its head is read, the rest is the tunnel's. Other methods are
/// refused, so that no web page of a browser on this machine gets further than that.
/// </summary>
internal static class HttpConnect
{
    private static ReadOnlySpan<byte> HeadEnd => "\r\n\r\n"u8;

    private static ReadOnlySpan<byte> LineEnd => "\r\n"u8;

    /// <summary>Whether a connection that begins with this byte speaks HTTP: methods are letters.</summary>
    public static bool Claims(byte first) => char.IsAsciiLetterUpper((char)first);

    /// <summary>Takes the head of a request.</summary>
    public static HandshakeStep Read(
        ReadOnlySpan<byte> received, SocksCredentials? credentials, out int consumed, out ProxyTarget target, Span<byte> answer, out int answerLength)
    {
        target = default;
        consumed = answerLength = 0;
        int end = received.IndexOf(HeadEnd);
        if (end < 0)
            return received.Length < ProxyHandshake.MaximumLength ? HandshakeStep.More : Refuse("431 Request Header Fields Too Large", "", answer, out answerLength);
        consumed = end + HeadEnd.Length;
        var head = received[..(end + LineEnd.Length)];
        int lineLength = head.IndexOf(LineEnd);
        var line = head[..lineLength];
        if (!line.StartsWith("CONNECT "u8))
            return Refuse("405 Method Not Allowed", "Allow: CONNECT\r\n", answer, out answerLength);
        if (!TryReadTarget(line["CONNECT ".Length..], out target))
            return Refuse("400 Bad Request", "", answer, out answerLength);
        if (credentials is null || IsAuthorised(head[(lineLength + LineEnd.Length)..], credentials))
            return HandshakeStep.Request;
        Refuse("407 Proxy Authentication Required", "Proxy-Authenticate: Basic realm=\"keyhole\"\r\n", answer, out answerLength);
        return HandshakeStep.Unauthorised;
    }

    /// <summary>Writes how a request went and returns the length.</summary>
    public static int WriteReply(Span<byte> answer, SocksReply reply)
    {
        if (reply == SocksReply.Succeeded)
            return Write(answer, "200 Connection established", "", hasBody: false);
        return Write(
            answer,
            reply switch
            {
                SocksReply.NotAllowed => "403 Forbidden",
                SocksReply.TtlExpired => "504 Gateway Timeout",
                SocksReply.GeneralFailure => "503 Service Unavailable",
                _ => "502 Bad Gateway",
            },
            "",
            hasBody: true);
    }

    private static HandshakeStep Refuse(string status, string field, Span<byte> answer, out int answerLength)
    {
        answerLength = Write(answer, status, field, hasBody: true);
        return HandshakeStep.Unsupported;
    }

    /// <summary>A 2xx answer to CONNECT has no body and may not name its length.</summary>
    private static int Write(Span<byte> answer, string status, string field, bool hasBody)
    {
        Utf8.TryWrite(answer, CultureInfo.InvariantCulture, $"HTTP/1.1 {status}\r\n{field}{(hasBody ? "Content-Length: 0\r\nConnection: close\r\n" : "")}\r\n", out int length);
        return length;
    }

    /// <summary>"host:port HTTP/1.1", an IPv6 address in brackets.</summary>
    private static bool TryReadTarget(ReadOnlySpan<byte> rest, out ProxyTarget target)
    {
        target = default;
        int space = rest.IndexOf((byte)' ');
        if (space < 0 || !rest[(space + 1)..].StartsWith("HTTP/1."u8))
            return false;
        var authority = rest[..space];
        int colon = authority.LastIndexOf((byte)':');
        if (colon <= 0 || !Utf8Parser.TryParse(authority[(colon + 1)..], out ushort port, out int parsed) || parsed != authority.Length - colon - 1 || port == 0)
            return false;
        var host = authority[..colon];
        bool isBracketed = host is [(byte)'[', .., (byte)']'];
        if (isBracketed)
            host = host[1..^1];
        if (host.Length is 0 or > 255 || host.IndexOfAnyExceptInRange((byte)0x21, (byte)0x7E) >= 0)
            return false;
        target = ProxyTarget.From(Encoding.ASCII.GetString(host), port);
        return isBracketed == (target.Name is null && !target.Address.IsIpv4);
    }

    private static bool IsAuthorised(ReadOnlySpan<byte> fields, SocksCredentials credentials)
    {
        const string Name = "Proxy-Authorization:";
        Span<byte> decoded = stackalloc byte[512 + 3];
        while (fields.IndexOf(LineEnd) is > 0 and var length)
        {
            var field = fields[..length];
            fields = fields[(length + LineEnd.Length)..];
            if (field.Length <= Name.Length || !Ascii.EqualsIgnoreCase(field[..Name.Length], Name))
                continue;
            var value = Trim(field[Name.Length..]);
            if (value.Length < 6 || !Ascii.EqualsIgnoreCase(value[..6], "Basic "))
                return false;
            value = Trim(value[6..]);
            if (Base64.DecodeFromUtf8(value, decoded, out int consumed, out int written) != System.Buffers.OperationStatus.Done || consumed != value.Length)
                return false;
            int colon = decoded[..written].IndexOf((byte)':');
            bool isRight = colon >= 0 && credentials.Match(decoded[..colon], decoded[(colon + 1)..written]);
            Cryptography.Zero.Fill(decoded);
            return isRight;
        }

        return false;
    }

    private static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> value) => value.Trim(" \t"u8);
}
