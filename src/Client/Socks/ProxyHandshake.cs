using System.Text;
using Keyhole.Packets;

namespace Keyhole.Client;

/// <summary>
/// What is said before bytes pass, as a calculation: SOCKS5 (RFC 1928) with or without user and password (RFC 1929), or HTTP CONNECT (RFC 9110 section
/// 9.3.6), told apart by the first byte. Nothing is kept of what was read.
/// <code>
/// SOCKS5   Greeting ── no credentials ──▶ Request ─▶ done
///             └── credentials ─▶ Credentials ─▶ Request
/// HTTP     Greeting (a letter) ─▶ done
/// </code>
/// </summary>
internal sealed class ProxyHandshake(SocksCredentials? credentials)
{
    /// <summary>The longest message that is read: one of SOCKS has at most 513 bytes, the head of an HTTP request this.</summary>
    public const int MaximumLength = 4096;

    /// <summary>Room for any answer.</summary>
    public const int AnswerLength = 256;

    private const byte Version = 5;
    private const byte CredentialsVersion = 1;
    private const byte NoAuthentication = 0;
    private const byte UserAndPassword = 2;
    private const byte NoneAcceptable = 0xFF;
    private const byte ConnectCommand = 1;
    private const byte UdpAssociateCommand = 3;

    private Phase _phase;

    private enum Phase
    {
        Greeting,
        Credentials,
        Request,
    }

    /// <summary>What is wanted, after <see cref="HandshakeStep.Request"/>.</summary>
    public ProxyRequest Request { get; private set; }

    /// <summary>The client speaks HTTP.</summary>
    public bool IsHttp { get; private set; }

    /// <summary>Takes the next message.</summary>
    /// <param name="received">What has come and was not consumed yet.</param>
    /// <param name="consumed">Bytes that are done with.</param>
    /// <param name="answer">At least <see cref="AnswerLength"/> bytes of room for what is to be sent.</param>
    /// <param name="answerLength">Bytes of the answer, 0 for none.</param>
    public HandshakeStep Next(ReadOnlySpan<byte> received, out int consumed, Span<byte> answer, out int answerLength)
    {
        consumed = answerLength = 0;
        if (received.IsEmpty)
            return HandshakeStep.More;
        if (_phase == Phase.Greeting && HttpConnect.Claims(received[0]))
        {
            IsHttp = true;
            var step = HttpConnect.Read(received, credentials, out consumed, out var target, answer, out answerLength);
            if (step == HandshakeStep.Request)
                Request = new ProxyRequest(ProxyCommandKind.Connect, target);
            return step;
        }

        return _phase switch
        {
            Phase.Greeting => ReadGreeting(received, out consumed, answer, out answerLength),
            Phase.Credentials => ReadCredentials(received, out consumed, answer, out answerLength),
            _ => ReadRequest(received, out consumed, answer, out answerLength),
        };
    }

    /// <summary>Writes how the request went, in the client's protocol, and returns the length.</summary>
    /// <param name="bound">Where the connection comes from, or where datagrams are to be sent.</param>
    public int WriteReply(Span<byte> answer, SocksReply reply, in IpEndpoint bound)
    {
        if (IsHttp)
            return HttpConnect.WriteReply(answer, reply);
        answer[0] = Version;
        answer[1] = (byte)reply;
        answer[2] = 0;
        return 3 + SocksAddress.Write(answer[3..], bound);
    }

    /// <summary>VER, NMETHODS, METHODS.</summary>
    private HandshakeStep ReadGreeting(ReadOnlySpan<byte> received, out int consumed, Span<byte> answer, out int answerLength)
    {
        consumed = answerLength = 0;
        if (received[0] != Version || received is [_, 0, ..])
            return HandshakeStep.Malformed;
        if (received.Length < 2 || received.Length < 2 + received[1])
            return HandshakeStep.More;
        var methods = received.Slice(2, received[1]);
        consumed = 2 + methods.Length;
        byte method = credentials is null ? NoAuthentication : UserAndPassword;
        bool isOffered = methods.Contains(method);
        answer[0] = Version;
        answer[1] = isOffered ? method : NoneAcceptable;
        answerLength = 2;
        if (!isOffered)
            return HandshakeStep.Unauthorised;
        _phase = credentials is null ? Phase.Request : Phase.Credentials;
        return HandshakeStep.Answer;
    }

    /// <summary>VER, ULEN, UNAME, PLEN, PASSWD.</summary>
    private HandshakeStep ReadCredentials(ReadOnlySpan<byte> received, out int consumed, Span<byte> answer, out int answerLength)
    {
        consumed = answerLength = 0;
        if (received[0] != CredentialsVersion)
            return HandshakeStep.Malformed;
        if (received.Length < 2 || received.Length < 3 + received[1])
            return HandshakeStep.More;
        var user = received.Slice(2, received[1]);
        int passwordAt = 2 + user.Length + 1;
        if (received.Length < passwordAt + received[passwordAt - 1])
            return HandshakeStep.More;
        var password = received.Slice(passwordAt, received[passwordAt - 1]);
        consumed = passwordAt + password.Length;
        bool isRight = credentials!.Match(user, password);
        answer[0] = CredentialsVersion;
        answer[1] = isRight ? (byte)0 : (byte)1;
        answerLength = 2;
        _phase = Phase.Request;
        return isRight ? HandshakeStep.Answer : HandshakeStep.Unauthorised;
    }

    /// <summary>VER, CMD, RSV, then the address.</summary>
    private HandshakeStep ReadRequest(ReadOnlySpan<byte> received, out int consumed, Span<byte> answer, out int answerLength)
    {
        const int Fixed = 3;
        consumed = answerLength = 0;
        if (received[0] != Version || received is [_, _, not 0, ..])
            return HandshakeStep.Malformed;
        var rest = received.Length > Fixed ? received[Fixed..] : default;
        int length = SocksAddress.LengthOf(rest);
        if (length < 0)
            return Refuse(SocksReply.AddressTypeNotSupported, answer, out answerLength);
        if (length == 0 || rest.Length < length)
            return HandshakeStep.More;
        consumed = Fixed + length;
        if (received[1] is not (ConnectCommand or UdpAssociateCommand))
            return Refuse(SocksReply.CommandNotSupported, answer, out answerLength);
        var command = received[1] == ConnectCommand ? ProxyCommandKind.Connect : ProxyCommandKind.UdpAssociate;
        if (!SocksAddress.TryParse(rest, out var address) || (command == ProxyCommandKind.Connect && address.Port == 0))
            return Refuse(SocksReply.GeneralFailure, answer, out answerLength);
        Request = new ProxyRequest(
            command,
            address.Name.IsEmpty ? new ProxyTarget(null, address.Address, address.Port) : ProxyTarget.From(Encoding.ASCII.GetString(address.Name), address.Port));
        return HandshakeStep.Request;
    }

    private HandshakeStep Refuse(SocksReply reply, Span<byte> answer, out int answerLength)
    {
        answerLength = WriteReply(answer, reply, new IpEndpoint(IpAddress.Ipv4Any, 0));
        return HandshakeStep.Unsupported;
    }
}
