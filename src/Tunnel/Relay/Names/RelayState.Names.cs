using System.Diagnostics.CodeAnalysis;
using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <remarks>
/// The name server inside the tunnel, for stock apps: the aliases that a client was granted lead to their overlay addresses, all other names are refused
/// alike, or asked elsewhere. Nothing of it is in the flow table, and no packet of a known flow comes by here.
/// </remarks>
public sealed partial class RelayState
{
    /// <summary>Queries of all clients that wait for a server elsewhere.</summary>
    public const int MaximumWaitingQueries = 256;

    private const int MaximumWaitingQueriesOfClient = 32;
    private const ushort NamePort = 53;

    private readonly Queue<NameQuery> _queries = new();
    private NameStreams? _nameStreams;
    private int _waitingQueries;
    private NameCounts _nameCounts;

    /// <summary>What became of queries for names.</summary>
    public NameCounts NameCounts => _nameCounts;

    /// <summary>TCP connections to the name server.</summary>
    public int NameStreamCount => _nameStreams?.Count ?? 0;

    /// <summary>Takes the oldest query that is to be asked elsewhere. <see cref="Answer"/> follows, whatever comes of it.</summary>
    public bool TryDequeueQuery([MaybeNullWhen(false)] out NameQuery query) => _queries.TryDequeue(out query);

    /// <summary>Gives a client the answer of a server elsewhere, if the client is still there.</summary>
    /// <param name="response">Under the identifier of the query; empty when nobody answered.</param>
    public void Answer(NameQuery query, ReadOnlySpan<byte> response, long now)
    {
        ArgumentNullException.ThrowIfNull(query);
        _waitingQueries--;
        query.Client.WaitingQueries--;
        bool failed = response.IsEmpty;
        _nameCounts = failed ? _nameCounts with { Failed = _nameCounts.Failed + 1 } : _nameCounts with { Forwarded = _nameCounts.Forwarded + 1 };
        if (query.Client.Peer.IsRemoved)
            return;
        if (failed)
            response = Failure(query, DnsResponseCode.ServerFailure);
        if (query.Stream is { } stream)
        {
            _nameStreams!.Answer(stream, response, now);
            return;
        }

        int room = _options.InnerMtu - IpHeader.LengthFor(query.Flow.Source) - UdpHeader.Length;
        if (response.Length > Math.Min(room, NameResponder.LimitOf(query.Message.Span)))
            response = Failure(query, DnsResponseCode.NoError, isTruncated: true);
        response.CopyTo(NameResponse(query.Flow));
        SendName(query.Client, query.Flow, response.Length, now);
    }

    private static ReadOnlySpan<byte> Failure(NameQuery query, int code, bool isTruncated = false)
    {
        byte[] response = new byte[NameResponder.MaximumResponseLength];
        return response.AsSpan(0, NameResponder.Fail(query.Message.Span, response, code, isTruncated));
    }

    /// <summary>What a sealed client sends to the relay itself: queries for names, and nothing else.</summary>
    private bool FromSealedClient(AgentSlot client, in IpView ip, long now)
    {
        if (!ip.TryGetFlow(out var key) || !IsNameServer(key.Destination))
            return Drop(RelayDropReason.NotGatewayMode);
        ToNameServer(client, ip, key, now);
        return false;
    }

    private bool IsNameServer(in IpAddress address)
    {
        foreach (ref readonly var own in _inForce!.NameServers.AsSpan())
        {
            if (own == address)
                return true;
        }

        return false;
    }

    /// <summary>A packet to the name server: it is dealt with here.</summary>
    private void ToNameServer(AgentSlot client, in IpView ip, in FlowKey key, long now)
    {
        if (ip.IsFragment)
        {
            Drop(RelayDropReason.Malformed);
        }
        else if (key is { Protocol: IpProtocol.Tcp, DestinationPort: NamePort })
        {
            _nameStreams ??= new NameStreams(this);
            _nameStreams.Input(client, ip.Packet, now);
        }
        else if (key is not { Protocol: IpProtocol.Udp, DestinationPort: NamePort })
        {
            Refuse(client, ip, RelayDropReason.UnknownDestination, IcmpErrorKind.PortUnreachable, now);
        }
        else if (!UdpView.TryParse(ip.Payload, out var datagram) || !datagram.IsChecksumValid(ip.Source, ip.Destination))
        {
            Drop(RelayDropReason.Malformed);
        }
        else
        {
            int length = Respond(client, key, stream: null, datagram.Payload, NameResponse(key), now);
            if (length > 0)
                SendName(client, key, length, now);
        }
    }

    /// <summary>Writes the answer to a query and gives its length: 0 where it comes later, or where there is none.</summary>
    private int Respond(AgentSlot client, in FlowKey flow, NameStream? stream, ReadOnlySpan<byte> query, Span<byte> response, long now)
    {
        if (!client.NameBucket.TryTake(now))
        {
            Drop(RelayDropReason.NameRate);
            return 0;
        }

        switch (NameResponder.Respond(client.Routes.Names, query, response, out int length))
        {
            case NameVerdict.Answered:
                _nameCounts = _nameCounts with { Answered = _nameCounts.Answered + 1 };
                return length;
            case NameVerdict.Forward when !_inForce!.ForwardsNames:
                _nameCounts = _nameCounts with { Refused = _nameCounts.Refused + 1 };
                return NameResponder.Fail(query, response, DnsResponseCode.Refused);
            case NameVerdict.Forward when _waitingQueries == MaximumWaitingQueries || client.WaitingQueries == MaximumWaitingQueriesOfClient:
                _nameCounts = _nameCounts with { Failed = _nameCounts.Failed + 1 };
                return NameResponder.Fail(query, response, DnsResponseCode.ServerFailure);
            case NameVerdict.Forward:
                _waitingQueries++;
                client.WaitingQueries++;
                if (stream is not null)
                    stream.IsWaiting = true;
                _queries.Enqueue(new NameQuery(client, flow, stream, query));
                return 0;
            default:
                Drop(RelayDropReason.Malformed);
                return 0;
        }
    }

    /// <summary>Where in the scratch the payload of an answer stands.</summary>
    private Span<byte> NameResponse(in FlowKey flow) => _scratch.AsSpan(HeadLength + IpHeader.LengthFor(flow.Source) + UdpHeader.Length);

    private void SendName(AgentSlot client, in FlowKey flow, int length, long now)
    {
        var packet = _scratch.AsSpan(HeadLength);
        int header = IpHeader.Write(packet, flow.Destination, flow.Source, IpProtocol.Udp, UdpHeader.Length + length);
        UdpHeader.Write(packet.Slice(header, UdpHeader.Length + length), flow.Destination, flow.DestinationPort, flow.Source, flow.SourcePort);
        SendScratch(client, header + UdpHeader.Length + length, now);
    }
}
