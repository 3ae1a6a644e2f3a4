using Keyhole.Net;
using Keyhole.NetStack;
using Keyhole.Packets;
using Keyhole.Proxy;
using Keyhole.Tunnel;

namespace Keyhole.Connector;

/// <summary>
/// One TCP flow from its SYN to its end: resolve, dial, answer, pump. The SYN is answered as the target answered: accepted after
/// it accepted, refused when it refused, unreachable when it is, silence when it is silent.
/// </summary>
internal sealed class TcpTarget : IReadinessHandler
{
    private readonly SiteFlows _site;
    private readonly PendingSyn _syn;
    private readonly AccessTarget _target;

    private IpAddress[] _addresses = [];
    private int _nextAddress;
    private NonBlockingSocket? _dialling;
    private SocketFault _lastFault;
    private SocketPump? _pump;
    private TcpFlow? _flow;

    public TcpTarget(SiteFlows site, PendingSyn syn, in AccessTarget target)
    {
        _site = site;
        _syn = syn;
        _target = target;
        (Key, Client) = (syn.Key, syn.Peer);
        syn.State = this;
    }

    public FlowKey Key { get; }

    public int Client { get; }

    /// <summary>Position in the list of <see cref="SiteFlows"/>.</summary>
    public int ListIndex { get; set; } = -1;

    /// <summary>When the address that is being dialled gives way to the next; <see cref="long.MaxValue"/> while there is no next.</summary>
    public long NextAttemptAt { get; private set; } = long.MaxValue;

    public bool IsFor(in AccessTarget target) => target.Resource.Destination == _target.Resource.Destination && (_target.IsName || target.Address == _target.Address);

    public void Begin(long now)
    {
        if (!_target.IsName)
            Dial([_target.Address], now);
        else
            _site.Resolver.Resolve(_target.Resource.Destination, now, addresses => Dial(addresses, MonotonicClock.Now));
    }

    /// <summary>The address that is being dialled has had its time.</summary>
    public void TryNextAddress(long now)
    {
        StopDialling();
        DialNext(now);
    }

    public void OnReady(Readiness readiness)
    {
        var fault = _dialling!.TakeError();
        if (!fault.IsNone)
        {
            _lastFault = fault;
            TryNextAddress(MonotonicClock.Now);
            return;
        }

        var socket = _dialling;
        _dialling = null;
        NextAttemptAt = long.MaxValue;
        _site.Loop.Remove(socket);
        _flow = _syn.Accept();
        if (_flow is null)
        {
            socket.Abort();
            _site.Forget(this);
            return;
        }

        _flow.State = this;
        _pump = new SocketPump(_site.Loop, socket, _flow);
    }

    /// <summary>The client is connected, sent something, has room again, or finished.</summary>
    public void Pump() => _pump?.Pump();

    public void OnFlowClosed()
    {
        _pump?.OnFlowClosed();
        _site.Forget(this);
    }

    /// <summary>The client took its SYN back, or the stack will not wait any longer.</summary>
    public void OnAbandoned()
    {
        StopDialling();
        _site.Forget(this);
    }

    /// <summary>The grant ended: both sides are reset.</summary>
    public void Cut()
    {
        StopDialling();
        if (_pump is null)
        {
            _syn.Unreachable(UnreachableCode.Prohibited);
            _site.Forget(this);
            return;
        }

        // The stack tells the end of the flow through OnFlowClosed.
        _pump.Abort();
    }

    private void Dial(IpAddress[] addresses, long now)
    {
        if (!_syn.IsPending)
            return;
        _addresses = [.. addresses.Where(address => _site.MayDialTcp(new IpEndpoint(address, Key.DestinationPort), _target.IsExact))];
        if (_addresses.Length == 0)
        {
            _site.Counts.TargetsRefused++;
            _syn.Unreachable(addresses.Length == 0 ? UnreachableCode.Host : UnreachableCode.Prohibited);
            _site.Forget(this);
            return;
        }

        DialNext(now);
    }

    private void DialNext(long now)
    {
        while (_nextAddress < _addresses.Length)
        {
            var remote = new IpEndpoint(_addresses[_nextAddress++], Key.DestinationPort);
            if (!_site.Loop.TryConnectTcp(remote, out var socket, out var fault))
            {
                _lastFault = fault;
                continue;
            }

            _dialling = socket;
            NextAttemptAt = _nextAddress < _addresses.Length ? now + _site.AttemptTimeout : long.MaxValue;
            _site.Loop.Add(socket, Readiness.Write, this);
            return;
        }

        Fail();
    }

    private void Fail()
    {
        NextAttemptAt = long.MaxValue;
        _site.Counts.DialFailures++;
        switch (_lastFault.Kind)
        {
            case SocketFaultKind.ConnectionRefused or SocketFaultKind.ConnectionReset:
                _syn.Reset();
                break;
            case SocketFaultKind.TooManyFiles or SocketFaultKind.NoBuffers:
                // Not the target's fault: the client asks again by itself, and handles may be free by then.
                _site.Counts.HandlesExhausted++;
                _syn.Drop();
                break;
            case SocketFaultKind.NetworkUnreachable:
                _syn.Unreachable(UnreachableCode.Network);
                break;
            default:
                _syn.Unreachable(UnreachableCode.Host);
                break;
        }

        _site.Forget(this);
    }

    private void StopDialling()
    {
        if (_dialling is not { } socket)
            return;
        _dialling = null;
        NextAttemptAt = long.MaxValue;
        _site.Loop.Remove(socket);
        socket.Abort();
    }
}
