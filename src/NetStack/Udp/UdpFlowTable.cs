using System.Buffers.Binary;
using Keyhole.Packets;

namespace Keyhole.NetStack;

/// <summary>
/// UDP (RFC 768) between peers and targets as a calculation: a peer's datagrams open flows, the host's answers become packets; or the host
/// opens one and the peer answers. Flows end when nothing goes either way for their idle time. Nothing is allocated per datagram.
/// </summary>
public sealed class UdpFlowTable
{
    private const int OneWay = 0, TwoWay = 1, Dns = 2;
    private const ushort DnsPort = 53;

    private readonly FlowRegistry<UdpFlow> _flows;
    private readonly DatagramWriter _writer;
    private readonly IPacketSink _sink;
    private readonly IUdpFlowHost _host;
    private readonly int _maximumPayload;

    public UdpFlowTable(DatagramLimits limits, IPacketSink sink, IUdpFlowHost host)
    {
        ArgumentNullException.ThrowIfNull(limits);
        ArgumentNullException.ThrowIfNull(sink);
        ArgumentNullException.ThrowIfNull(host);
        _flows = new FlowRegistry<UdpFlow>(limits, [limits.OneWayTimeout, limits.TwoWayTimeout, limits.DnsTimeout], Closed);
        _writer = new DatagramWriter(sink, limits.Mtu);
        _sink = sink;
        _host = host;
        _maximumPayload = limits.MaximumPayload;
    }

    public DatagramCounters Counters { get; } = new();

    public int Count => _flows.Count;

    /// <summary>When <see cref="Tick"/> is to be called; <see cref="long.MaxValue"/> for never.</summary>
    public long NextDeadline => _flows.NextDeadline;

    /// <summary>Flows of one peer.</summary>
    public int CountOf(int peer) => _flows.CountOf(peer);

    /// <summary>
    /// Opens a flow from this side; <see cref="Reply"/> sends on it, the first time as well. The key is that of the datagrams it sends, so
    /// <see cref="DatagramFlow.Key"/> is the reverse. Null when the key is in use.
    /// </summary>
    /// <exception cref="ArgumentException">The key is not one of UDP, mixes address families, or has a port 0.</exception>
    public UdpFlow? Connect(in FlowKey key, int peer, long now)
    {
        if (key.Protocol != IpProtocol.Udp || key.Source.IsIpv4 != key.Destination.IsIpv4 || key.SourcePort == 0 || key.DestinationPort == 0)
            throw new ArgumentException("A flow needs a UDP key of one address family, with ports.", nameof(key));
        var incoming = key.Reverse();
        if (_flows.Find(peer, incoming) is not null)
            return null;
        var flow = _flows.Rent(peer, incoming, now);
        flow.IsActive = true;
        Counters.Opened++;
        _flows.Add(flow, key.DestinationPort == DnsPort ? Dns : OneWay);
        return flow;
    }

    /// <summary>The flow of <see cref="Connect"/> that sends datagrams with this key; null when there is none.</summary>
    public UdpFlow? FindActive(in FlowKey key, int peer) => _flows.Find(peer, key.Reverse()) is { IsActive: true } flow ? flow : null;

    /// <summary>One whole UDP packet from a peer, its source address already checked against the peer.</summary>
    /// <param name="now">Monotonic microseconds.</param>
    public void Input(in IpView packet, int peer, long now)
    {
        var source = packet.Source;
        var destination = packet.Destination;
        if (packet.Protocol != IpProtocol.Udp
            || packet.IsFragment
            || !destination.IsUnicast
            || !UdpView.TryParse(packet.Payload, out var udp)
            || udp.SourcePort == 0
            || udp.DestinationPort == 0)
        {
            Counters.Drop(DatagramDropReason.Malformed);
            return;
        }

        if (!udp.IsChecksumValid(source, destination))
        {
            Counters.Drop(DatagramDropReason.Checksum);
            return;
        }

        if (udp.Payload.Length > _maximumPayload)
        {
            Counters.Drop(DatagramDropReason.TooLarge);
            return;
        }

        var key = new FlowKey(IpProtocol.Udp, source, udp.SourcePort, destination, udp.DestinationPort);
        var flow = _flows.Find(peer, key) ?? Open(peer, key, udp.Datagram, now);
        if (flow is null)
            return;
        Quote(flow, udp.Datagram);
        if (flow is { IsActive: true, IsAnswered: false })
            _flows.Answer(flow, flow.IdleClass == Dns ? Dns : TwoWay);
        _flows.Touch(flow, now);
        Counters.DatagramsReceived++;
        flow.DatagramsReceived++;
        flow.BytesReceived += udp.Payload.Length;
        _host.OnDatagram(flow, udp.Payload);
    }

    /// <summary>An ICMP error from a peer: when it says that nobody listens for a flow's replies, the flow is closed.</summary>
    /// <returns>True when it was about a flow of this table.</returns>
    public bool InputError(in IcmpErrorView error, int peer)
    {
        if (_flows.Find(peer, error.Flow.Reverse()) is not { } flow)
            return false;
        if (error.Kind == IcmpErrorKind.PortUnreachable)
            _flows.Close(flow, DatagramCloseReason.RefusedByPeer);
        return true;
    }

    /// <summary>Sends what the target answered, or on an active flow what this side says. A closed flow, an oversized payload or a full sink drop it, and are counted.</summary>
    /// <returns>False when it was dropped.</returns>
    public bool Reply(UdpFlow flow, ReadOnlySpan<byte> payload, long now)
    {
        ArgumentNullException.ThrowIfNull(flow);
        if (flow.CloseReason != DatagramCloseReason.None)
            return false;
        if (payload.Length > Math.Min(_maximumPayload, ushort.MaxValue - UdpHeader.Length - (flow.Key.Source.IsIpv4 ? Ipv4Header.MinimumLength : 0)))
        {
            Counters.Drop(DatagramDropReason.TooLarge);
            return false;
        }

        var key = flow.Key.Reverse();
        Span<byte> header = stackalloc byte[UdpHeader.Length];
        BinaryPrimitives.WriteUInt16BigEndian(header, key.SourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(header[2..], key.DestinationPort);
        BinaryPrimitives.WriteUInt16BigEndian(header[4..], (ushort)(UdpHeader.Length + payload.Length));
        header[6..].Clear();
        if (!_writer.TrySend(flow.Peer, key, header, checksumAt: 6, zeroMeansNone: true, payload))
        {
            Counters.Drop(DatagramDropReason.SinkFull);
            return false;
        }

        if (flow is { IsActive: false, IsAnswered: false })
            _flows.Answer(flow, flow.IdleClass == Dns ? Dns : TwoWay);
        _flows.Touch(flow, now);
        if (_writer.IsFragmented(flow.Peer, key, payload.Length))
            Counters.RepliesFragmented++;
        Counters.DatagramsSent++;
        flow.DatagramsSent++;
        flow.BytesSent += payload.Length;
        return true;
    }

    /// <summary>The target's system refused the last datagram: the peer gets ICMP port unreachable. The flow goes on.</summary>
    public void Refuse(UdpFlow flow) => SendError(flow, IcmpErrorKind.PortUnreachable);

    /// <summary>The target cannot be reached, or may not be: the peer gets ICMP unreachable. The flow goes on.</summary>
    public void Unreachable(UdpFlow flow, UnreachableCode code) => SendError(flow, DatagramError.KindOf(code));

    /// <summary>Ends a flow: OnClosed is called.</summary>
    public void Close(UdpFlow flow)
    {
        ArgumentNullException.ThrowIfNull(flow);
        if (flow.CloseReason == DatagramCloseReason.None)
            _flows.Close(flow, DatagramCloseReason.Closed);
    }

    /// <summary>Closes flows whose idle time is over.</summary>
    public void Tick(long now) => _flows.Expire(now);

    /// <summary>Closes every flow of the peer.</summary>
    public void RemovePeer(int peer) => _flows.RemovePeer(peer);

    private UdpFlow? Open(int peer, in FlowKey key, ReadOnlySpan<byte> datagram, long now)
    {
        var flow = _flows.Rent(peer, key, now);
        Quote(flow, datagram);
        if (!_host.OnOpening(flow))
        {
            Counters.Drop(DatagramDropReason.Refused);
            _flows.Return(flow);
            return null;
        }

        Counters.Opened++;
        _flows.Add(flow, key.DestinationPort == DnsPort ? Dns : OneWay);
        return flow;
    }

    private static void Quote(UdpFlow flow, ReadOnlySpan<byte> datagram)
    {
        flow.QuotedHeader = BinaryPrimitives.ReadUInt64BigEndian(datagram);
        flow.QuotedLength = datagram.Length;
    }

    private void SendError(UdpFlow flow, IcmpErrorKind kind)
    {
        ArgumentNullException.ThrowIfNull(flow);
        if (flow.CloseReason != DatagramCloseReason.None)
            return;
        if (DatagramError.TrySend(_sink, flow, kind))
            Counters.ErrorsSent++;
        else
            Counters.Drop(DatagramDropReason.SinkFull);
    }

    private void Closed(UdpFlow flow)
    {
        Counters.Close(flow.CloseReason);
        _host.OnClosed(flow);
    }
}
