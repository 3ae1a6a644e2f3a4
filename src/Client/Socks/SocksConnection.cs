using Keyhole.Net;
using Keyhole.NetStack;
using Keyhole.Packets;
using Keyhole.Proxy;

namespace Keyhole.Client;

/// <summary>
/// One connection to the proxy's port.
/// <code>
/// Negotiating ─▶ Connecting ─▶ Tunnelled (the pump's)
///      │             ├──▶ refused: the reply says why
///      │             └──▶ Tunnelled outside (--direct): a bridge's
///      └──▶ Associated: datagrams pass while the connection stands
/// </code>
/// </summary>
internal sealed class SocksConnection(ProxyFront front, NonBlockingSocket local) : ForwardedConnection(front, local), IReadinessHandler, IDirectOwner
{
    private readonly ProxyHandshake _handshake = new(front.Credentials);
    private byte[]? _buffer = front.RentBuffer();
    private int _length;
    private Phase _phase;
    private TcpFlow? _flow;
    private DirectDial? _direct;
    private UdpAssociation? _association;

    private enum Phase
    {
        Negotiating,
        Connecting,
        Tunnelled,
        Associated,
        Closed,
    }

    /// <summary>The client has not said yet what it wants.</summary>
    public bool IsNegotiating => _phase == Phase.Negotiating;

    public void Start() => Front.Loop.Add(Local, Readiness.Read, this);

    /// <summary>The time for saying what is wanted is over.</summary>
    public void Expire()
    {
        if (!IsNegotiating)
            return;
        Front.Counts.Malformed++;
        Close();
    }

    public void OnReady(Readiness readiness)
    {
        Front.Flows.BeginTurn();
        if (_phase == Phase.Associated)
        {
            Watch();
            return;
        }

        while (_phase is Phase.Negotiating or Phase.Connecting && _length < _buffer!.Length)
        {
            int received = Local.Receive(_buffer.AsSpan(_length), out var fault);
            if (received < 0 && fault.IsWouldBlock)
                return;
            if (received <= 0)
            {
                Abandon();
                return;
            }

            _length += received;
            if (_phase == Phase.Negotiating)
                Negotiate();
        }

        // What a client says before it has the answer is for the target; more of it than fits waits in its socket.
        if (_phase == Phase.Connecting)
            Front.Loop.SetInterest(Local, Readiness.None);
        else if (_phase == Phase.Negotiating)
            Expire();
    }

    public void OnDirect(NonBlockingSocket socket)
    {
        Front.Loop.Remove(Local);
        if (!Reply(SocksReply.Succeeded, socket.Local))
        {
            socket.Abort();
            Close();
            return;
        }

        _phase = Phase.Tunnelled;
        Front.Counts.Direct++;
        _ = new SocketBridge(Front.Loop, Local, socket, _buffer.AsSpan(0, _length), Release);
        ReturnBuffer();
    }

    public void OnDirectRefused(SocksReply reason)
    {
        if (reason == SocksReply.NotAllowed)
            Front.Counts.NotGranted++;
        else
            Front.Counts.Unreachable++;
        Refuse(reason);
    }

    protected override bool Answer(TcpFlow flow)
    {
        _flow = null;
        Front.Loop.Remove(Local);
        if (!SendEarly(flow))
        {
            // Memory is short: better no connection than one that lacks its first bytes.
            Front.Counts.Busy++;
            Refuse(SocksReply.GeneralFailure);
            return false;
        }

        if (!Reply(SocksReply.Succeeded, new IpEndpoint(flow.Key.Source, flow.Key.SourcePort)))
            return false;
        _phase = Phase.Tunnelled;
        ReturnBuffer();
        return true;
    }

    protected override void Refuse(TcpFlow flow)
    {
        _flow = null;
        if (_phase != Phase.Connecting)
            return;
        Front.Counts.Unreachable++;
        Refuse(ReplyFor(flow));
    }

    /// <summary>A refusal of the target, of a router on the way or of policy, in SOCKS's words.</summary>
    private static SocksReply ReplyFor(TcpFlow flow) => flow.CloseReason switch
    {
        CloseReason.Refused or CloseReason.PeerReset => SocksReply.ConnectionRefused,
        CloseReason.TimedOut => SocksReply.TtlExpired,
        CloseReason.Unreachable => flow.UnreachableKind switch
        {
            IcmpErrorKind.AdministrativelyProhibited => SocksReply.NotAllowed,
            IcmpErrorKind.NetworkUnreachable => SocksReply.NetworkUnreachable,
            IcmpErrorKind.PortUnreachable => SocksReply.ConnectionRefused,
            _ => SocksReply.HostUnreachable,
        },
        CloseReason.Aborted => SocksReply.NotAllowed,
        _ => SocksReply.GeneralFailure,
    };

    private void Negotiate()
    {
        Span<byte> answer = stackalloc byte[ProxyHandshake.AnswerLength];
        while (_phase == Phase.Negotiating)
        {
            var step = _handshake.Next(_buffer.AsSpan(0, _length), out int consumed, answer, out int answerLength);
            _buffer.AsSpan(consumed, _length - consumed).CopyTo(_buffer);
            _length -= consumed;
            if (answerLength > 0 && !Send(answer[..answerLength]))
            {
                Close();
                return;
            }

            switch (step)
            {
                case HandshakeStep.More:
                    return;
                case HandshakeStep.Request:
                    Begin();
                    return;
                case HandshakeStep.Malformed or HandshakeStep.Unsupported:
                    Front.Counts.Malformed++;
                    Finish();
                    return;
                case HandshakeStep.Unauthorised:
                    Front.Counts.Unauthorised++;
                    Finish();
                    return;
            }
        }
    }

    private void Begin()
    {
        var request = _handshake.Request;
        if (request.Command == ProxyCommandKind.UdpAssociate)
        {
            Associate(request.Target);
            return;
        }

        _phase = Phase.Connecting;
        var verdict = Front.Find(request.Target, IpProtocol.Tcp, out var source, out var endpoint);
        if (verdict == TargetVerdict.NotGranted && Front.IsDirect)
        {
            _direct = new DirectDial(Front, request.Target, this);
            _direct.Start();
            return;
        }

        if (verdict != TargetVerdict.Granted)
        {
            Front.Counts.NotGranted++;
            Refuse(SocksReply.NotAllowed);
            return;
        }

        _flow = Front.Flows.Connect(source, endpoint, this);
        if (_flow is not null)
            return;
        Front.Counts.Busy++;
        Refuse(SocksReply.GeneralFailure);
    }

    /// <summary>The association's socket is at the address that the client has reached already.</summary>
    private void Associate(in ProxyTarget from)
    {
        _association = Front.Associate(new IpEndpoint(Local.Local.Address, 0), Local.Remote.Address, from.Port);
        if (_association is null)
        {
            Front.Counts.Busy++;
            _phase = Phase.Connecting;
            Refuse(SocksReply.GeneralFailure);
            return;
        }

        _phase = Phase.Associated;
        ReturnBuffer();
        if (!Reply(SocksReply.Succeeded, _association.Local))
            Close();
    }

    /// <summary>An association lives as long as the connection that asked for it (RFC 1928 section 7). What the client says there means nothing.</summary>
    private void Watch()
    {
        Span<byte> ignored = stackalloc byte[512];
        int received = Local.Receive(ignored, out var fault);
        if (received == 0 || (received < 0 && !fault.IsWouldBlock))
            Close();
    }

    /// <summary>The client went away before the target has answered.</summary>
    private void Abandon()
    {
        if (_flow is { } flow)
        {
            // The stack tells the end through Refuse, which has nobody to tell any more.
            _phase = Phase.Closed;
            CloseLocal();
            flow.Abort();
            return;
        }

        Close();
    }

    /// <summary>What the client said before the answer goes first. False when there is no room for all of it.</summary>
    private bool SendEarly(TcpFlow flow)
    {
        if (_length == 0)
            return true;
        var space = flow.GetSendSpan();
        bool fits = _length <= space.Length;
        if (fits)
            _buffer.AsSpan(0, _length).CopyTo(space);
        flow.Commit(fits ? _length : 0);
        return fits;
    }

    private void Refuse(SocksReply reply)
    {
        Reply(reply, new IpEndpoint(IpAddress.Ipv4Any, 0));
        Finish();
    }

    private bool Reply(SocksReply reply, in IpEndpoint bound)
    {
        Span<byte> answer = stackalloc byte[ProxyHandshake.AnswerLength];
        return Send(answer[.._handshake.WriteReply(answer, reply, bound)]);
    }

    /// <summary>An empty send buffer takes an answer whole; where it does not, the client does not read.</summary>
    private bool Send(ReadOnlySpan<byte> answer) => Local.Send(answer, out _) == answer.Length;

    /// <summary>Ends after an answer, which the client is to read.</summary>
    private void Finish()
    {
        Local.ShutdownSend();
        Close();
    }

    private void Close()
    {
        if (_phase == Phase.Closed)
            return;
        _phase = Phase.Closed;
        _direct?.Cancel();
        _association?.Dispose();
        CloseLocal();
        Release();
    }

    private void CloseLocal()
    {
        ReturnBuffer();
        Front.Loop.Remove(Local);
        Local.Dispose();
    }

    private void ReturnBuffer()
    {
        if (_buffer is not { } buffer)
            return;
        _buffer = null;
        Front.ReturnBuffer(buffer);
    }
}
