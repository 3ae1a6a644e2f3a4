using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Serialization;
using Keyhole.Agent;
using Keyhole.Contracts;
using Keyhole.Cryptography;
using Keyhole.Edge;
using Keyhole.Lab;
using Keyhole.Net;
using Keyhole.Packets;
using Keyhole.Tunnel;
using Keyhole.WireGuard;

namespace Keyhole.System.Tests;

/// <summary>
/// A machine that ignores its own filters: it has the key of one that Control knows, and a table that it wrote itself, by which everything was granted
/// and every address is its own. What it sends is sealed in real sessions.
/// </summary>
internal sealed class LyingClient : PacketThread
{
    private const int EverythingId = int.MaxValue;

    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter() } };

    private readonly ConcurrentQueue<byte[]> _received = new();
    private readonly PrivateKey _key;
    private readonly ClientState _state;

    private LyingClient(PrivateKey key)
    {
        _key = key;
        _state = new ClientState(new ClientOptions
        {
            PrivateKey = key,
            RandomSource = RandomSource.System,
            TimestampAtZero = Tai64n.FromUnixMicroseconds(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() * 1000 - MonotonicClock.Now),
            Output = Out,
            Slots = Out,
            DirectPaths = false,
        });
    }

    /// <summary>The machine's true overlay addresses.</summary>
    public IReadOnlyList<IpAddress> Own { get; private init; } = [];

    protected override long NextDeadline => _state.NextDeadline;

    /// <summary>Takes over from a machine that has been up and is down now.</summary>
    /// <param name="data">Its data directory.</param>
    /// <param name="forged">Addresses that it claims beside its own.</param>
    /// <param name="connector">The connector that it talks to, and its public key, where its true table names none.</param>
    public static LyingClient Start(NetworkNamespace host, string data, IReadOnlyList<string> forged, (string Name, string PublicKey)? connector = null)
    {
        var cached = JsonSerializer.Deserialize<CachedTable>(File.ReadAllBytes(Path.Combine(data, "table.json")), s_json)!;
        var key = StaticKeyFile.LoadOrCreate(Path.Combine(data, "static.key"), RandomSource.System);
        var own = cached.Table.Peers.Single(row => row.Id == cached.Agent);
        var client = host.Enter(() => new LyingClient(key) { Own = [.. own.Addresses.Select(text => IpAddress.Parse(text))] });
        client.Start();
        var roster = ClientRoster.Compile(Forge(cached, own, forged, connector), cached.Agent);
        client.InvokeAsync(now =>
        {
            client._state.Apply(roster, now);
            return true;
        }).Wait();
        return client;
    }

    /// <summary>Whether it has a session with every connector that it wants.</summary>
    public bool HasSessions => InvokeAsync(now => _state.IsReady(now)).Result;

    /// <summary>Packets that came back since the last look.</summary>
    public IReadOnlyList<byte[]> TakeReceived()
    {
        var taken = new List<byte[]>();
        while (_received.TryDequeue(out byte[]? packet))
            taken.Add(packet);
        return taken;
    }

    /// <summary>Sends an IP packet as it is; false when not even this client's code would let it out.</summary>
    public bool Send(byte[] packet) => InvokeAsync(now => _state.Send(packet, now, out _)).Result;

    protected override void Received(ReceiveBatch datagrams, long now)
    {
        foreach (var datagram in datagrams.Datagrams)
        {
            if (_state.Receive(datagram.First, datagram.Source, now, out var packet))
                _received.Enqueue(packet.ToArray());
        }
    }

    protected override void StreamChanged(in IpEndpoint endpoint, bool isOpen, long now)
    {
        if (isOpen)
            _state.StreamOpened(endpoint, now);
        else
            _state.StreamClosed(endpoint, now);
    }

    protected override void Tick(long now) => _state.Tick(now);

    protected override void Flush(long now) => _state.Flush(now);

    protected override void Dispose(bool disposing)
    {
        StopAsync().Wait();
        _state.Dispose();
        _key.Dispose();
        base.Dispose(disposing);
    }

    private static Table Forge(CachedTable cached, PeerRow own, IReadOnlyList<string> forged, (string Name, string PublicKey)? connector)
    {
        var table = cached.Table;
        var peers = table.Peers.Where(row => row.Id != own.Id).Append(own with { Addresses = [.. own.Addresses, .. forged] }).ToList();
        var sites = table.Sites.ToList();
        if (connector is { } one)
        {
            sites.Add(new SiteRow(EverythingId, "somewhere"));
            peers.Add(new PeerRow(EverythingId, PeerKind.Connector, one.Name, one.PublicKey, null, [], EverythingId, Stock: false, Draining: false));
        }

        int site = peers.First(row => row.Kind == PeerKind.Connector).Site!.Value;
        var everything = new ResourceRow(EverythingId, site, "everything", "0.0.0.0/0", ["::/0"], null, [new PortRange(1, 65535)], [new PortRange(1, 65535)], Icmp: true);
        return table with { Peers = peers, Sites = sites, Resources = [everything], Grants = [new GrantRow(own.Id, [EverythingId], [])] };
    }
}
