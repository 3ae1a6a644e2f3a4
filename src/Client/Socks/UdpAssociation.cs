using System.Text;
using Keyhole.NetStack;
using Keyhole.Packets;

namespace Keyhole.Client;

/// <summary>
/// The socket of one UDP ASSOCIATE (RFC 1928 section 7): datagrams of the client that asked for it, each with the target before it, and answers with
/// where they come from. All of them have one port inside the tunnel, so that a target sees one sender;
/// only where that port has come round to another flow to the same target is it changed.
/// </summary>
internal sealed class UdpAssociation : LocalDatagramSocket, IDatagramOwner
{
    private readonly IpAddress _client;
    private readonly HashSet<UdpFlow> _flows = [];
    private ushort _port;
    private ushort _clientPort;

    /// <param name="client">Whose datagrams are taken.</param>
    /// <param name="clientPort">Where they come from; 0: where the first comes from.</param>
    /// <exception cref="Keyhole.Net.NetworkException">No socket is to be had.</exception>
    public UdpAssociation(ProxyFront front, in IpEndpoint local, IpAddress client, ushort clientPort) : base(front, local)
    {
        _client = client;
        _clientPort = clientPort;
        _port = front.Flows.NextPort();
    }

    public void OnDatagram(UdpFlow flow, ReadOnlySpan<byte> payload)
    {
        Span<byte> header = stackalloc byte[SocksDatagram.MaximumHeaderLength];
        int length = SocksDatagram.WriteHeader(header, new IpEndpoint(flow.Key.Source, flow.Key.SourcePort));
        Answer(new IpEndpoint(_client, _clientPort), header[..length], payload);
    }

    public void OnClosed(UdpFlow flow) => _flows.Remove(flow);

    protected override void Received(ReadOnlySpan<byte> datagram, in IpEndpoint source)
    {
        if (source.Address != _client
            || (_clientPort != 0 && source.Port != _clientPort)
            || !SocksDatagram.TryParse(datagram, out var target, out var payload))
        {
            Front.Counts.DatagramsDropped++;
            return;
        }

        _clientPort = source.Port;
        if (Find(target, out var from, out var address) != TargetVerdict.Granted)
        {
            Front.Counts.NotGranted++;
            return;
        }

        var endpoint = new IpEndpoint(address, target.Port);
        if ((Front.Flows.Find(from, _port, endpoint, this) ?? Open(from, endpoint)) is { } flow)
            Front.Flows.Send(flow, payload);
    }

    protected override void Dispose(bool disposing)
    {
        foreach (var flow in _flows.ToList())
            Front.Flows.Close(flow);
        Front.Forget(this);
        base.Dispose(disposing);
    }

    private TargetVerdict Find(in SocksAddress target, out IpAddress source, out IpAddress address)
    {
        address = target.Address;
        if (target.Name.IsEmpty)
            return Front.Policy.Find(address, IpProtocol.Udp, target.Port, out source);
        Span<char> name = stackalloc char[byte.MaxValue];
        name = name[..Encoding.ASCII.GetChars(target.Name, name)];
        return IpAddress.TryParse(name, out address)
            ? Front.Policy.Find(address, IpProtocol.Udp, target.Port, out source)
            : Front.Policy.Find(name, IpProtocol.Udp, target.Port, out source, out address);
    }

    private UdpFlow? Open(IpAddress from, in IpEndpoint endpoint)
    {
        var flow = Front.Flows.Open(from, ref _port, endpoint, this);
        if (flow is not null)
            _flows.Add(flow);
        return flow;
    }
}
