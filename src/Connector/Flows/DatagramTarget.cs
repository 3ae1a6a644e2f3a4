using Keyhole.Net;
using Keyhole.NetStack;
using Keyhole.Packets;
using Keyhole.Tunnel;

namespace Keyhole.Connector;

/// <summary>The site's side of one UDP or echo flow: a connected socket, and the first datagrams while a name is being resolved.</summary>
internal abstract class DatagramTarget(SiteFlows site, DatagramFlow flow, AccessTarget target) : IReadinessHandler
{
    private const int MaximumWaiting = 8;
    private const int DatagramsPerTurn = 64;

    private List<byte[]>? _waiting;
    private NonBlockingSocket? _socket;
    private bool _isClosed;

    /// <summary>Position in the list of <see cref="SiteFlows"/>.</summary>
    public int ListIndex { get; set; } = -1;

    public FlowKey Key => flow.Key;

    public int Client => flow.Peer;

    protected SiteFlows Site => site;

    protected IpAddress Remote { get; private set; }

    public bool IsFor(in AccessTarget other) => other.Resource.Destination == target.Resource.Destination && (target.IsName || other.Address == target.Address);

    /// <summary>Opens the socket, or begins to resolve. False: there is no way to the target, and the client was told.</summary>
    public bool Begin(long now)
    {
        if (!target.IsName)
            return Open([target.Address]);
        _waiting = [];
        site.Resolver.Resolve(target.Resource.Destination, now, OnResolved);
        return !_isClosed;
    }

    /// <summary>Ends the flow: the table calls back to <see cref="OnFlowClosed"/>.</summary>
    public abstract void Cut();

    public void OnFlowClosed()
    {
        _isClosed = true;
        site.Forget(this);
        if (_socket is null)
            return;
        site.Loop.Remove(_socket);
        _socket.Dispose();
        _socket = null;
    }

    public void OnReady(Readiness readiness)
    {
        site.BeginTurn();
        for (int i = 0; i < DatagramsPerTurn && _socket is not null; i++)
        {
            int length = _socket.Receive(site.Scratch, out var fault);
            if (length >= 0)
                Deliver(site.Scratch.AsSpan(0, length));
            else if (fault.IsWouldBlock)
                return;
            else
                Fault(fault);
        }
    }

    /// <summary>Sends one message of the flow's protocol to the target, or keeps it while the name is being resolved.</summary>
    protected void Send(ReadOnlySpan<byte> message)
    {
        if (_waiting is { } waiting)
        {
            if (waiting.Count < MaximumWaiting)
                waiting.Add(message.ToArray());
            return;
        }

        if (_socket is not null && _socket.Send(message, out var fault) < 0 && !fault.IsWouldBlock)
            Fault(fault);
    }

    /// <summary>Completes what depends on the target's family, before a message is sent.</summary>
    protected virtual void Address(Span<byte> message)
    {
    }

    protected abstract bool TryOpen(IpAddress remote, out NonBlockingSocket? socket, out SocketFault fault);

    protected abstract void Deliver(Span<byte> message);

    /// <summary>The system refused, now or for something that was sent before.</summary>
    protected abstract void Fault(in SocketFault fault);

    protected abstract void Unreachable(UnreachableCode code);

    private void OnResolved(IpAddress[] addresses)
    {
        if (_isClosed)
            return;
        var waiting = _waiting ?? [];
        _waiting = null;
        if (!Open(addresses))
        {
            _isClosed = true;
            if (ListIndex >= 0)
                Cut();
            return;
        }

        foreach (byte[] message in waiting)
        {
            Address(message);
            Send(message);
        }
    }

    private bool Open(IpAddress[] addresses)
    {
        var fault = SocketFault.None;
        bool any = false;
        foreach (var address in addresses)
        {
            if (!site.MayDial(address, target.IsExact))
                continue;
            any = true;
            if (!TryOpen(address, out _socket, out fault))
                continue;
            Remote = address;
            site.Loop.Add(_socket!, Readiness.Read, this);
            return true;
        }

        if (!any)
            site.Counts.TargetsRefused++;
        else if (fault.Kind == SocketFaultKind.TooManyFiles)
            site.Counts.HandlesExhausted++;
        else
            site.Counts.DialFailures++;
        if (fault.Kind != SocketFaultKind.TooManyFiles)
            Unreachable(any || addresses.Length == 0 ? UnreachableCode.Host : UnreachableCode.Prohibited);
        return false;
    }
}
