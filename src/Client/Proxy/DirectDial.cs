using Keyhole.Net;
using Keyhole.Packets;

namespace Keyhole.Client;

/// <summary>
/// A connection outside the tunnel that is being made: resolve, try one address after the other. What belongs inside the tunnel is never tried, nor are
/// any address of this machine, its link and metadata services, whatever a name server says.
/// </summary>
internal sealed class DirectDial(ProxyFront front, ProxyTarget target, IDirectOwner owner) : IReadinessHandler
{
    private IpAddress[] _addresses = [];
    private int _next;
    private NonBlockingSocket? _dialling;
    private SocksReply _reason = SocksReply.HostUnreachable;
    private bool _isOver;

    public void Start()
    {
        if (target.Name is { } name)
            front.Resolver.Resolve(name, front.Flows.Now, Dial);
        else
            Dial([target.Address]);
    }

    /// <summary>Nobody waits for it any more.</summary>
    public void Cancel()
    {
        _isOver = true;
        Stop();
    }

    /// <summary>Whether this address is still being tried.</summary>
    public bool IsTrying(int attempt) => !_isOver && attempt == _next;

    /// <summary>The address has had its time, unless it is not being tried any more.</summary>
    public void Expire(int attempt)
    {
        if (!IsTrying(attempt))
            return;
        Stop();
        _reason = SocksReply.TtlExpired;
        TryNext();
    }

    public void OnReady(Readiness readiness)
    {
        var socket = _dialling!;
        var fault = socket.TakeError();
        if (!fault.IsNone)
        {
            Stop();
            _reason = ReplyFor(fault);
            TryNext();
            return;
        }

        front.Loop.Remove(socket);
        _dialling = null;
        _isOver = true;
        owner.OnDirect(socket);
    }

    private static SocksReply ReplyFor(in SocketFault fault) => fault.Kind switch
    {
        SocketFaultKind.ConnectionRefused or SocketFaultKind.ConnectionReset => SocksReply.ConnectionRefused,
        SocketFaultKind.NetworkUnreachable => SocksReply.NetworkUnreachable,
        SocketFaultKind.TimedOut => SocksReply.TtlExpired,
        SocketFaultKind.TooManyFiles or SocketFaultKind.NoBuffers => SocksReply.GeneralFailure,
        _ => SocksReply.HostUnreachable,
    };

    private void Dial(IpAddress[] addresses)
    {
        if (_isOver)
            return;
        _addresses = [.. addresses.Where(address => front.DirectRules.Allows(address, isExact: false) && !front.Policy.BelongsInside(address))];
        if (addresses.Length > 0 && _addresses.Length == 0)
            _reason = SocksReply.NotAllowed;
        TryNext();
    }

    private void TryNext()
    {
        while (_next < _addresses.Length)
        {
            var remote = new IpEndpoint(_addresses[_next++], target.Port);
            if (!front.Loop.TryConnectTcp(remote, out var socket, out var fault))
            {
                _reason = ReplyFor(fault);
                continue;
            }

            _dialling = socket;
            front.Loop.Add(socket, Readiness.Write, this);
            front.Watch(this, _next);
            return;
        }

        _isOver = true;
        owner.OnDirectRefused(_reason);
    }

    private void Stop()
    {
        if (_dialling is not { } socket)
            return;
        _dialling = null;
        front.Loop.Remove(socket);
        socket.Abort();
    }
}
