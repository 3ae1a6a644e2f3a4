using System.Net;
using System.Text;

namespace Keyhole.Edge;

/// <summary>A tunnel through an HTTP proxy: CONNECT (RFC 9110 section 9.3.6).</summary>
internal static class HttpTunnel
{
    private const int MaximumAnswerLength = 8 * 1024;

    /// <summary>After it the stream is the target's.</summary>
    /// <exception cref="IOException">The proxy refused, or does not speak HTTP.</exception>
    public static async Task OpenAsync(Stream stream, Uri target, NetworkCredential? credential, CancellationToken stop)
    {
        string authority = $"{target.IdnHost}:{target.Port}";
        if (target.HostNameType == UriHostNameType.IPv6)
            authority = $"[{target.IdnHost}]:{target.Port}";
        var request = new StringBuilder($"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n");
        if (credential is { UserName.Length: > 0 })
            request.Append($"Proxy-Authorization: Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{credential.UserName}:{credential.Password}"))}\r\n");
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request.Append("\r\n").ToString()), stop);
        string answer = await ReadAnswerAsync(stream, stop);
        string status = answer[..answer.IndexOf('\r', StringComparison.Ordinal)];
        if (!status.StartsWith("HTTP/1.", StringComparison.Ordinal) || status.Split(' ') is not [_, { Length: 3 } code, ..] || code[0] != '2')
            throw new IOException($"the proxy refused: {new string([.. status.Where(letter => letter is >= ' ' and <= '~').Take(100)])}");
    }

    /// <summary>Byte by byte, since what follows the answer is not the proxy's any more.</summary>
    private static async Task<string> ReadAnswerAsync(Stream stream, CancellationToken stop)
    {
        byte[] answer = new byte[MaximumAnswerLength];
        for (int length = 0; length < answer.Length;)
        {
            if (await stream.ReadAsync(answer.AsMemory(length, 1), stop) == 0)
                throw new IOException("the proxy closed the connection");
            length++;
            if (answer.AsSpan(0, length).EndsWith("\r\n\r\n"u8))
                return Encoding.ASCII.GetString(answer, 0, length);
        }

        throw new IOException("the proxy's answer is too long");
    }
}
