using System.Net;
using System.Net.Sockets;
using Keyhole.Contracts;
using Keyhole.Net;
using Keyhole.NetStack;
using Keyhole.Packets;
using Keyhole.Tunnel;

namespace Keyhole.Connector.Tests;

/// <summary>
/// <see cref="SiteFlows"/> between a client's TCP stack in this process and real sockets on loopback. Packets cross in memory.
/// </summary>
internal sealed class SiteHarness : IPacketSink, IFlowHost, IDisposable
{
    public const int Client = 7;
    public const string ClientAddress = "100.64.0.7";

    private readonly EventLoop _loop = EventLoop.Open();
    private readonly Queue<byte[]> _toClient = new();
    private readonly byte[] _slot = new byte[65536];
    private readonly ClientSink _clientSink;
    private readonly TcpStack _client;
    private ushort _nextPort = 40000;

    public SiteHarness()
    {
        var secret = new byte[32];
        Site = new SiteFlows(_loop, this, new SiteFlowsOptions
        {
            Tcp = new StackOptions { Secret = secret, Mtu = 1280 }, Udp = new DatagramLimits { HashKey = 1, Mtu = 1280 }, Echo = new DatagramLimits { HashKey = 2, Mtu = 1280 },
        });
        _clientSink = new ClientSink();
        _client = new TcpStack(new StackOptions { Secret = secret, Mtu = 1280 }, _clientSink, this);
    }

    public SiteFlows Site { get; }

    /// <summary>IP packets other than TCP that came back to the client.</summary>
    public List<byte[]> Others { get; } = [];

    public HashSet<TcpFlow> Connected { get; } = [];

    public Dictionary<TcpFlow, CloseReason> Closed { get; } = [];

    public static ResourceRow Resource(string destination, int port, string overlay = "100.64.1.1/32", bool udp = false) =>
        new(1, 1, "r", destination, [overlay], null, udp ? [] : [new PortRange(port, port)], udp ? [new PortRange(port, port)] : [], false);

    public int Grant(params ResourceRow[] resources) => Site.Apply(AccessRules.Compile(new Table
    {
        Revision = 1, Organisation = "acme", Overlay = [],
        Peers = [new PeerRow(Client, PeerKind.ExternalClient, "phone", null, null, [ClientAddress], null, true, false)],
        Resources = resources,
        Grants = [new GrantRow(Client, [.. resources.Select(resource => resource.Id)], [])],
    }), MonotonicClock.Now);

    public TcpFlow Connect(string address, int port) =>
        _client.Connect(new FlowKey(6, IpAddress.Parse(ClientAddress), _nextPort++, IpAddress.Parse(address), (ushort)port), 0, MonotonicClock.Now)!;

    /// <summary>A datagram from the client.</summary>
    public void SendUdp(string address, int port, ReadOnlySpan<byte> payload)
    {
        var (source, destination) = (IpAddress.Parse(ClientAddress), IpAddress.Parse(address));
        var packet = new byte[28 + payload.Length];
        payload.CopyTo(packet.AsSpan(28));
        UdpHeader.Write(packet.AsSpan(20), source, 5555, destination, (ushort)port);
        IpHeader.Write(packet, source, destination, IpProtocol.Udp, packet.Length - 20);
        Site.Input(packet, Client, MonotonicClock.Now);
    }

    /// <summary>Runs until the condition holds; fails after five seconds.</summary>
    public void Until(Func<bool> condition)
    {
        long end = MonotonicClock.Now + 5_000_000;
        while (!condition())
        {
            Assert.True(MonotonicClock.Now < end, "in vain for five seconds");
            Turn();
        }
    }

    /// <summary>Runs for a while.</summary>
    public void Run(int milliseconds)
    {
        for (long end = MonotonicClock.Now + milliseconds * 1000L; MonotonicClock.Now < end;)
            Turn();
    }

    public static Socket Listen()
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        return listener;
    }

    public static int PortOf(Socket socket) => ((IPEndPoint)socket.LocalEndPoint!).Port;

    public Span<byte> Rent(int peer, int length) => _slot.AsSpan(0, length);

    public void Commit(int peer, int length)
    {
        Assert.Equal(Client, peer);
        _toClient.Enqueue(_slot.AsSpan(0, length).ToArray());
    }

    public bool CanSend(int peer) => true;

    public void OnSyn(PendingSyn syn) => syn.Reset();

    public void OnSynAbandoned(PendingSyn syn)
    {
    }

    public void OnConnected(TcpFlow flow) => Connected.Add(flow);

    public void OnReadable(TcpFlow flow)
    {
    }

    public void OnSendSpace(TcpFlow flow)
    {
    }

    public void OnPeerFin(TcpFlow flow)
    {
    }

    public void OnPeerReset(TcpFlow flow)
    {
    }

    public void OnClosed(TcpFlow flow) => Closed[flow] = flow.CloseReason;

    public void Dispose()
    {
        Site.Dispose();
        _loop.Dispose();
    }

    private void Turn()
    {
        long now = MonotonicClock.Now;
        _loop.RunOnce(now + 1000);
        now = MonotonicClock.Now;
        Site.Tick(now);
        Site.Flush(now);
        while (_toClient.TryDequeue(out byte[]? packet))
        {
            Assert.True(IpView.TryParse(packet, out var view));
            if (view.Protocol == IpProtocol.Tcp)
            {
                _client.Input(packet, 0, now);
                continue;
            }

            Others.Add(packet);
            if (view.Protocol == IpProtocol.Icmp)
                _client.Input(packet, 0, now);
        }

        _client.Tick(now);
        _client.Flush(now);
        while (_clientSink.Packets.TryDequeue(out byte[]? packet))
            Site.Input(packet, Client, now);
    }

    private sealed class ClientSink : IPacketSink
    {
        private readonly byte[] _slot = new byte[65536];

        public Queue<byte[]> Packets { get; } = new();

        public Span<byte> Rent(int peer, int length) => _slot.AsSpan(0, length);

        public void Commit(int peer, int length) => Packets.Enqueue(_slot.AsSpan(0, length).ToArray());

        public bool CanSend(int peer) => true;
    }
}
