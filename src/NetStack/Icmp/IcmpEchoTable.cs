using System.Buffers.Binary;
using Keyhole.Packets;

namespace Keyhole.NetStack;

/// <summary>
/// Echo (RFC 792, RFC 4443 section 4) between peers and targets as a calculation: each identifier of a peer is a flow, the host's answers
/// become replies with that identifier. Nothing is allocated per message.
/// </summary>
public sealed class IcmpEchoTable
{
    private const int Unanswered = 0, Answered = 1;

    private readonly FlowRegistry<EchoFlow> _flows;
    private readonly DatagramWriter _writer;
    private readonly IPacketSink _sink;
    private readonly IEchoHost _host;
    private readonly int _maximumPayload;

    /// <summary><see cref="DatagramLimits.TwoWayTimeout"/> and <see cref="DatagramLimits.DnsTimeout"/> do not matter here: pings come often or not at all.</summary>
    public IcmpEchoTable(DatagramLimits limits, IPacketSink sink, IEchoHost host)
    {
        ArgumentNullException.ThrowIfNull(limits);
        ArgumentNullException.ThrowIfNull(sink);
        ArgumentNullException.ThrowIfNull(host);
        _flows = new FlowRegistry<EchoFlow>(limits, [limits.OneWayTimeout, limits.OneWayTimeout], Closed);
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

    /// <summary>One whole ICMP or ICMPv6 packet from a peer, its source address already checked against the peer. Only echo requests have an effect.</summary>
    /// <param name="now">Monotonic microseconds.</param>
    public void Input(in IpView packet, int peer, long now)
    {
        var message = packet.Payload;
        var source = packet.Source;
        var destination = packet.Destination;
        if (packet.IsFragment || !destination.IsUnicast || !IsEchoRequest(packet.Protocol, source.IsIpv4, message))
        {
            Counters.Drop(DatagramDropReason.Malformed);
            return;
        }

        if (!IsChecksumValid(message, source, destination))
        {
            Counters.Drop(DatagramDropReason.Checksum);
            return;
        }

        var payload = message[IcmpMessage.HeaderLength..];
        if (payload.Length > _maximumPayload)
        {
            Counters.Drop(DatagramDropReason.TooLarge);
            return;
        }

        ushort identifier = BinaryPrimitives.ReadUInt16BigEndian(message[4..]);
        var key = new FlowKey(packet.Protocol, source, identifier, destination, identifier);
        var flow = _flows.Find(peer, key) ?? Open(peer, key, message, now);
        if (flow is null)
            return;
        Quote(flow, message);
        _flows.Touch(flow, now);
        Counters.DatagramsReceived++;
        flow.DatagramsReceived++;
        flow.BytesReceived += payload.Length;
        _host.OnEchoRequest(flow, BinaryPrimitives.ReadUInt16BigEndian(message[6..]), payload);
    }

    /// <summary>Sends what the target answered, under the peer's identifier. A closed flow, an oversized payload or a full sink drop it, and are counted.</summary>
    /// <returns>False when it was dropped.</returns>
    public bool Reply(EchoFlow flow, ushort sequenceNumber, ReadOnlySpan<byte> payload, long now)
    {
        ArgumentNullException.ThrowIfNull(flow);
        if (flow.CloseReason != DatagramCloseReason.None)
            return false;
        bool ipv4 = flow.Key.Source.IsIpv4;
        if (payload.Length > Math.Min(_maximumPayload, ushort.MaxValue - IcmpMessage.HeaderLength - (ipv4 ? Ipv4Header.MinimumLength : 0)))
        {
            Counters.Drop(DatagramDropReason.TooLarge);
            return false;
        }

        Span<byte> header = stackalloc byte[IcmpMessage.HeaderLength];
        header[0] = ipv4 ? IcmpType.EchoReply : Icmpv6Type.EchoReply;
        header[1..4].Clear();
        BinaryPrimitives.WriteUInt16BigEndian(header[4..], flow.Identifier);
        BinaryPrimitives.WriteUInt16BigEndian(header[6..], sequenceNumber);
        if (!_writer.TrySend(flow.Peer, flow.Key.Reverse(), header, checksumAt: 2, zeroMeansNone: false, payload))
        {
            Counters.Drop(DatagramDropReason.SinkFull);
            return false;
        }

        if (!flow.IsAnswered)
            _flows.Answer(flow, Answered);
        _flows.Touch(flow, now);
        if (_writer.IsFragmented(flow.Peer, flow.Key.Reverse(), payload.Length))
            Counters.RepliesFragmented++;
        Counters.DatagramsSent++;
        flow.DatagramsSent++;
        flow.BytesSent += payload.Length;
        return true;
    }

    /// <summary>The target cannot be reached, or may not be: the peer gets ICMP unreachable. The flow goes on.</summary>
    public void Unreachable(EchoFlow flow, UnreachableCode code)
    {
        ArgumentNullException.ThrowIfNull(flow);
        if (flow.CloseReason != DatagramCloseReason.None)
            return;
        if (DatagramError.TrySend(_sink, flow, DatagramError.KindOf(code)))
            Counters.ErrorsSent++;
        else
            Counters.Drop(DatagramDropReason.SinkFull);
    }

    /// <summary>Ends a flow: OnClosed is called.</summary>
    public void Close(EchoFlow flow)
    {
        ArgumentNullException.ThrowIfNull(flow);
        if (flow.CloseReason == DatagramCloseReason.None)
            _flows.Close(flow, DatagramCloseReason.Closed);
    }

    /// <summary>Closes flows whose idle time is over.</summary>
    public void Tick(long now) => _flows.Expire(now);

    /// <summary>Closes every flow of the peer.</summary>
    public void RemovePeer(int peer) => _flows.RemovePeer(peer);

    private static bool IsEchoRequest(byte protocol, bool ipv4, ReadOnlySpan<byte> message) =>
        message.Length >= IcmpMessage.HeaderLength
        && message[1] == 0
        && (ipv4 ? protocol == IpProtocol.Icmp && message[0] == IcmpType.EchoRequest : protocol == IpProtocol.Icmpv6 && message[0] == Icmpv6Type.EchoRequest);

    private static bool IsChecksumValid(ReadOnlySpan<byte> message, IpAddress source, IpAddress destination)
    {
        if (source.IsIpv4)
            return IcmpView.TryParse(message, out var icmp) && icmp.IsChecksumValid;
        return Icmpv6View.TryParse(message, out var icmpv6) && icmpv6.IsChecksumValid(source, destination);
    }

    private EchoFlow? Open(int peer, in FlowKey key, ReadOnlySpan<byte> message, long now)
    {
        var flow = _flows.Rent(peer, key, now);
        Quote(flow, message);
        if (!_host.OnOpening(flow))
        {
            Counters.Drop(DatagramDropReason.Refused);
            _flows.Return(flow);
            return null;
        }

        Counters.Opened++;
        _flows.Add(flow, Unanswered);
        return flow;
    }

    private static void Quote(EchoFlow flow, ReadOnlySpan<byte> message)
    {
        flow.QuotedHeader = BinaryPrimitives.ReadUInt64BigEndian(message);
        flow.QuotedLength = message.Length;
    }

    private void Closed(EchoFlow flow)
    {
        Counters.Close(flow.CloseReason);
        _host.OnClosed(flow);
    }
}
