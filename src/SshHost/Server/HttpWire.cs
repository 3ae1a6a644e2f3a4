using System.Globalization;
using System.Text;

namespace Keyhole.SshHost;

/// <summary>
/// HTTP/1.1 as far as connector and daemon need it: one request per connection, its length known beforehand, lines end with CR LF, no header twice, no folding, no chunks.
/// Whatever could be read in two ways is refused.
/// </summary>
internal static class HttpWire
{
    public const int MaximumHeadLength = 8 * 1024;

    /// <summary>More than the largest row takes.</summary>
    public const int MaximumBodyLength = 2 * 1024 * 1024;

    private const int MaximumHeaders = 32;

    /// <summary>Reads up to the end of the head.</summary>
    /// <returns>The head without its last CR LF CR LF, and what came behind it; null when the connection ended or the head is too long.</returns>
    public static async Task<(string Head, byte[] Behind)?> ReadHeadAsync(Stream stream, CancellationToken cancelled)
    {
        byte[] buffer = new byte[MaximumHeadLength];
        for (int length = 0; length < buffer.Length;)
        {
            int read = await stream.ReadAsync(buffer.AsMemory(length), cancelled).ConfigureAwait(false);
            if (read == 0)
                return null;
            length += read;
            int end = buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8);
            if (end >= 0)
                return (Encoding.Latin1.GetString(buffer, 0, end), buffer[(end + 4)..length]);
        }

        return null;
    }

    /// <summary>Null for anything that is not exactly such a head.</summary>
    public static HttpRequest? Parse(string head)
    {
        string[] lines = head.Split("\r\n");
        if (lines.Any(line => line.AsSpan().ContainsAnyExceptInRange(' ', '~')))
            return null;
        if (lines.Length > MaximumHeaders + 1 || lines[0].Split(' ') is not [var method, ['/', ..] target, "HTTP/1.1"] || !method.All(char.IsAsciiLetterUpper) || method.Length == 0)
            return null;
        var headers = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string line in lines.Skip(1))
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0 || !line[..colon].All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_'))
                return null;
            if (!headers.TryAdd(line[..colon].ToLowerInvariant(), line[(colon + 1)..].Trim(' ')))
                return null;
        }

        return headers.ContainsKey("host") ? new HttpRequest(method, target, headers) : null;
    }

    /// <summary>The length of the body that follows; null when the head does not say it plainly.</summary>
    public static int? BodyLength(HttpRequest request) =>
        !request.Headers.ContainsKey("transfer-encoding") && !request.Headers.ContainsKey("expect")
        && int.TryParse(request.Header("content-length"), NumberStyles.None, CultureInfo.InvariantCulture, out int length) ? length : null;

    public static async Task WriteAsync(Stream stream, int status, string reason, string type, ReadOnlyMemory<byte> body, CancellationToken cancelled)
    {
        string head = string.Create(CultureInfo.InvariantCulture, $"HTTP/1.1 {status} {reason}\r\nContent-Type: {type}\r\nContent-Length: {body.Length}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n");
        await stream.WriteAsync((byte[])[.. Encoding.ASCII.GetBytes(head), .. body.Span], cancelled).ConfigureAwait(false);
        await stream.FlushAsync(cancelled).ConfigureAwait(false);
    }
}
