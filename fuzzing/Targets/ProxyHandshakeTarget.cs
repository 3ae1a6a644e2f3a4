using System.Text;
using Keyhole.Client;
using Keyhole.Packets;

namespace Keyhole.Fuzz;

/// <summary>
/// What programs say to the proxy's port. It means the same in one piece and in many; without the password nothing is requested; what is read as a
/// datagram's header can be written again.
/// </summary>
internal sealed class ProxyHandshakeTarget : IFuzzTarget
{
    private static readonly SocksCredentials s_credentials = new("ann", "secret");

    public string Name => "proxy-handshake";

    public string Door => "bytes in pieces to ProxyHandshake (SOCKS5, HTTP CONNECT), and to SocksDatagram";

    public IEnumerable<(string Name, byte[] Input)> Seeds =>
    [
        ("socks-ipv4", [0, 1, 5, 1, 0, 5, 1, 0, 1, 10, 0, 0, 1, 0, 80]),
        ("socks-ipv6", [0, 7, 5, 1, 0, 5, 1, 0, 4, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 80, 1, 2, 3]),
        ("socks-name", [0, 3, 5, 2, 0, 2, 5, 1, 0, 3, 3, .. "web"u8, 1, 187]),
        ("socks-associate", [0, 200, 5, 1, 0, 5, 3, 0, 1, 0, 0, 0, 0, 0, 0]),
        ("socks-bind", [0, 200, 5, 1, 0, 5, 2, 0, 1, 10, 0, 0, 1, 0, 80]),
        ("password-right", [1, 2, 5, 1, 2, 1, 3, .. "ann"u8, 6, .. "secret"u8, 5, 1, 0, 1, 10, 0, 0, 1, 0, 80]),
        ("password-wrong", [1, 2, 5, 1, 2, 1, 3, .. "ann"u8, 6, .. "secreT"u8, 5, 1, 0, 1, 10, 0, 0, 1, 0, 80]),
        ("password-missing", [1, 200, 5, 1, 0]),
        ("http-connect", [0, 5, .. "CONNECT web.acme.internal:443 HTTP/1.1\r\nHost: web\r\n\r\nearly"u8]),
        ("http-connect-ipv6", [0, 5, .. "CONNECT [fd00::9]:443 HTTP/1.1\r\n\r\n"u8]),
        ("http-password", [1, 50, .. "CONNECT web:443 HTTP/1.1\r\nProxy-Authorization: Basic YW5uOnNlY3JldA==\r\n\r\n"u8]),
        ("http-get", [0, 50, .. "GET http://web/ HTTP/1.1\r\n\r\n"u8]),
        ("socks4", [0, 50, 4, 1, 0, 80, 10, 0, 0, 1, 0]),
        ("datagram-ipv4", [2, 0, 0, 0, 0, 1, 10, 0, 0, 1, 0, 53, 7]),
        ("datagram-ipv6", [2, 0, 0, 0, 0, 4, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 53, 7]),
        ("datagram-name", [2, 0, 0, 0, 0, 3, 2, .. "ns"u8, 0, 53, 7]),
        ("datagram-fragment", [2, 0, 0, 0, 1, 1, 10, 0, 0, 1, 0, 53, 7]),
    ];

    public ulong Run(Span<byte> input)
    {
        var outcome = new Outcome();
        if (input.Length < 2)
            return outcome.Value;
        var bytes = input[2..];
        if (input[0] == 2)
        {
            ReadDatagram(bytes, ref outcome);
            return outcome.Value;
        }

        var credentials = (input[0] & 1) == 0 ? null : s_credentials;
        var whole = Feed(bytes, bytes.Length, credentials);
        var pieces = Feed(bytes, Math.Max((int)input[1], 1), credentials);
        Promise.Holds(whole.Step == pieces.Step && whole.Request == pieces.Request && whole.Consumed == pieces.Consumed && whole.Answers.AsSpan().SequenceEqual(pieces.Answers));
        if (whole.Step == HandshakeStep.Request)
        {
            // In HTTP they stand in base64, which has several ways to write them.
            Promise.Holds(credentials is null || whole.IsHttp || bytes.IndexOf("secret"u8) >= 0);
            Promise.Holds(whole.Request.Target.Name is not "" && (whole.Request.Target.Port != 0 || whole.Request.Command == ProxyCommandKind.UdpAssociate));
        }

        outcome.Add((long)whole.Step);
        outcome.Add((long)whole.Request.Command);
        outcome.Add(whole.Request.Target.Name is null);
        outcome.AddScale(whole.Answers.Length);
        return outcome.Value;
    }

    private static (HandshakeStep Step, ProxyRequest Request, bool IsHttp, int Consumed, byte[] Answers) Feed(ReadOnlySpan<byte> bytes, int piece, SocksCredentials? credentials)
    {
        var handshake = new ProxyHandshake(credentials);
        var answers = new List<byte>();
        byte[] answer = new byte[ProxyHandshake.AnswerLength];
        int start = 0, end = 0;
        while (true)
        {
            var step = handshake.Next(bytes[start..end], out int consumed, answer, out int length);
            Promise.Holds(consumed >= 0 && consumed <= end - start && length >= 0 && length <= answer.Length);
            Promise.Holds(step != HandshakeStep.More || (consumed == 0 && length == 0));
            start += consumed;
            answers.AddRange(answer[..length]);
            if (step == HandshakeStep.More && end < bytes.Length)
                end = Math.Min(end + piece, bytes.Length);
            else if (step == HandshakeStep.Request)
                return (step, handshake.Request, handshake.IsHttp, start, [.. answers]);
            else if (step != HandshakeStep.Answer)
                return (step, default, handshake.IsHttp, 0, [.. answers]);
        }
    }

    private static void ReadDatagram(ReadOnlySpan<byte> bytes, ref Outcome outcome)
    {
        bool isDatagram = SocksDatagram.TryParse(bytes, out var target, out var payload);
        outcome.Add(isDatagram);
        if (!isDatagram)
            return;
        outcome.Add(target.Name.IsEmpty);
        Promise.Holds(target.Port != 0 && payload.Length < bytes.Length);
        if (!target.Name.IsEmpty)
        {
            Promise.Holds(Encoding.ASCII.GetString(target.Name).All(letter => letter is > ' ' and <= '~'));
            return;
        }

        Span<byte> header = stackalloc byte[SocksDatagram.MaximumHeaderLength];
        int length = SocksDatagram.WriteHeader(header, new IpEndpoint(target.Address, target.Port));
        Promise.Holds(SocksDatagram.TryParse(header[..length], out var again, out _) && again.Address == target.Address && again.Port == target.Port);
    }
}
