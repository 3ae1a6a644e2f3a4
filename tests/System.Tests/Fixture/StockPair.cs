using System.Globalization;
using System.Text.Json;
using Keyhole.Lab;

namespace Keyhole.System.Tests;

/// <summary>
/// Stock WireGuard nodes that hold each other's public keys and know nothing of each other's addresses: every endpoint is the relay.
/// <code>
/// near 10.77.0.1 (phone, home NAT) ────┐
///                                       ├── relay: no key of these sessions ──┬── far 10.77.0.2 (office, office NAT)
/// third 10.77.0.3 (tablet, cafe NAT) ──┘                                     └── other 10.77.0.4 (branch, branch NAT)
/// </code>
/// near and third are machines, far and other stand in for the connectors of office and branch. near was granted the office's resource; third was granted
/// nothing, or the branch's. far holds the keys of both machines.
/// </summary>
internal sealed class StockPair : IDisposable
{
    public const string NearAddress = "10.77.0.1";
    public const string FarAddress = "10.77.0.2";
    public const string ThirdAddress = "10.77.0.3";
    public const string OtherAddress = "10.77.0.4";
    public const int EchoPort = 9000;

    private readonly bool _ipv6;
    private readonly string _relayKey;
    private readonly (string Private, string Public) _near = Pair();
    private readonly (string Private, string Public) _far = Pair();
    private readonly (string Private, string Public) _third = Pair();
    private readonly (string Private, string Public) _other = Pair();

    /// <param name="thirdGranted">Whether third may reach the branch.</param>
    public StockPair(bool ipv6 = false, bool thirdGranted = false, Dictionary<string, string>? environment = null)
    {
        _ipv6 = ipv6;
        World = new World();
        Network = new Network(World, Describe(near: true, thirdGranted), environment, ipv6);
        Network.StartRelay(ipv6);
        Network.Until("the relay has its table", () => Network.RelayStatus()?.GetProperty("registered").GetBoolean() == true);
        _relayKey = Status.GetProperty("publicKey").GetString()!;
        Far = Network.StartApp(World.Office, Configuration(_far.Private, FarAddress, (_near.Public, NearAddress), (_third.Public, ThirdAddress)));
        Network.StartApp(World.Branch, Configuration(_other.Private, OtherAddress, (_third.Public, ThirdAddress)));
        Near = Network.StartApp(World.Phone, NearConfiguration);
        World.Topology.Own(Services.UdpEcho(World.Office, FarAddress, EchoPort));
        Network.Until("all nodes are registered", () => LiveCount >= 3);
    }

    public World World { get; }

    public Network Network { get; }

    public WireGuardGo Near { get; }

    public WireGuardGo Far { get; }

    public string NearKey => _near.Public;

    public string FarKey => _far.Public;

    public string ThirdKey => _third.Public;

    public string RelayKey => _relayKey;

    /// <summary>What the relay says of itself.</summary>
    public JsonElement Status => Network.WaitForRelayStatus();

    public int LiveCount => Status.GetProperty("sessions").EnumerateArray().Count(session => session.GetProperty("live").GetBoolean());

    public long BlindBytes => Status.GetProperty("blind").GetProperty("bytes").GetInt64();

    /// <summary>The address at which the relay holds a node, by the node's public key.</summary>
    public string? AddressOf(string key) => Status.GetProperty("sessions").EnumerateArray()
        .First(session => session.GetProperty("publicKey").GetString() == key).GetProperty("endpoint").GetString();

    /// <summary>Starts the third node and waits until it is registered.</summary>
    public WireGuardGo StartThird()
    {
        var third = Network.StartApp(World.Tablet, Configuration(_third.Private, ThirdAddress, (_far.Public, FarAddress), (_other.Public, OtherAddress)));
        Network.Until("the third node is registered", () => AddressOf(_third.Public) is not null);
        return third;
    }

    /// <summary>Waits until a datagram has gone from near to far and back.</summary>
    public TimeSpan UntilConnected() => Network.Until("near reaches far", () => Answers(World.Phone, FarAddress));

    /// <summary>near forgets its sessions, so that it makes all handshakes again.</summary>
    public TimeSpan UntilConnectedAnew()
    {
        Near.Configure(NearConfiguration);
        return UntilConnected();
    }

    public static bool Answers(NetworkNamespace host, string address) =>
        LabProcess.TryRun("ip", "netns", "exec", host.Name, "ping", "-c", "1", "-W", "1", address);

    /// <summary>Unix seconds of the last handshake that a node made with a peer; 0 for never.</summary>
    public static long LastHandshake(WireGuardGo node, string peer) => Column(node, "latest-handshakes", peer, 1);

    /// <summary>Bytes that a node received from a peer, handshakes included.</summary>
    public static long Received(WireGuardGo node, string peer) => Column(node, "transfer", peer, 1);

    public string Describe(bool near, bool third) => $$"""
        version: 1
        org: acme
        relays:
          - { name: vps, endpoint: "{{RelayEndpoint}}", gateway: true }
        sites:
          - { name: office, connectors: [{ name: far, public-key: "{{_far.Public}}" }] }
          - { name: branch, connectors: [{ name: other, public-key: "{{_other.Public}}" }] }
        resources:
          - { name: web, site: office, destination: 192.168.1.20, tcp: "*", udp: "*", icmp: true }
          - { name: branch-web, site: branch, destination: 192.168.1.20, tcp: "*", udp: "*", icmp: true }
        machines:
          - { name: near, public-key: "{{_near.Public}}" }
          - { name: third, public-key: "{{_third.Public}}" }
        grants:
        {{(near || third ? "" : "  []")}}
        {{(near ? "  - { resource: web, machines: [near] }" : "")}}
        {{(third ? "  - { resource: branch-web, machines: [third] }" : "")}}
        """;

    public void Dispose()
    {
        Network.Dispose();
        World.Dispose();
    }

    private static long Column(WireGuardGo node, string field, string peer, int column) => long.Parse(
        node.Show(field).Split('\n').First(line => line.StartsWith(peer, StringComparison.Ordinal)).Split('\t')[column], CultureInfo.InvariantCulture);

    private static (string Private, string Public) Pair()
    {
        string key = LabProcess.Run("wg", "genkey").Trim();
        return (key, LabProcess.Run("sh", "-c", $"echo {key} | wg pubkey").Trim());
    }

    private string NearConfiguration => Configuration(_near.Private, NearAddress, (_far.Public, FarAddress));

    private string RelayEndpoint => _ipv6 ? $"[{World.RelayAddress6}]:21820" : $"{World.RelayAddress}:21820";

    /// <summary>The relay comes first, and is kept alive every second so that a move is noticed soon.</summary>
    private string Configuration(string key, string address, params (string Key, string Address)[] others) => $"""
        [Interface]
        PrivateKey = {key}
        Address = {address}/32
        [Peer]
        PublicKey = {_relayKey}
        Endpoint = {RelayEndpoint}
        PersistentKeepalive = 1
        {string.Concat(others.Select(other => $"[Peer]\nPublicKey = {other.Key}\nEndpoint = {RelayEndpoint}\nAllowedIPs = {other.Address}/32\n"))}
        """;
}
