using Keyhole.Contracts;
using Keyhole.Cryptography;
using Keyhole.Packets;
using Keyhole.Tunnel.Tests.Relay;

namespace Keyhole.Tunnel.Tests.Client;

/// <summary>A connector whose site answers every packet with the same payload.</summary>
internal sealed class SiteNode : IDisposable
{
    private readonly PrivateKey _key;
    private readonly ClientPacket[] _packets = new ClientPacket[64];

    public SiteNode(ClientWorld world, int id, string name, string endpoint)
    {
        Id = id;
        Name = name;
        _key = PrivateKey.Generate(new SeededRandom(100 + id));
        Port = new Port(world, RelayWorld.End(endpoint));
        State = NewState(200 + id);
    }

    public int Id { get; }

    public string Name { get; }

    public Port Port { get; }

    public ConnectorState State { get; private set; }

    /// <summary>A dead connector neither hears nor speaks.</summary>
    public bool IsDead { get; set; }

    /// <summary>What is answered to a packet of the client; the packet's own answer when null.</summary>
    public Func<byte[], byte[]>? Answer { get; set; }

    public List<byte[]> Entered { get; } = [];

    public long NextDeadline => IsDead ? long.MaxValue : State.NextDeadline;

    public PeerRow Row(int site) => new(Id, PeerKind.Connector, Name, _key.PublicKey.ToString(), null, [], site, false, false);

    /// <summary>Another process with the same key, which knows of no session.</summary>
    public void Restart(ConnectorRoster roster, long now)
    {
        State.Dispose();
        State = NewState(300 + Id);
        State.Apply(roster, now);
    }

    public void Tick(long now)
    {
        if (!IsDead)
            State.Tick(now);
    }

    public void Receive(Span<byte> datagram, in IpEndpoint source, long now, bool isFragmented = false)
    {
        if (IsDead)
            return;
        int found = State.Receive(datagram, datagram.Length, source, now, _packets, isFragmented);
        for (int i = 0; i < found; i++)
        {
            byte[] packet = datagram.Slice(_packets[i].Offset, _packets[i].Length).ToArray();
            Entered.Add(packet);
            byte[] answer = Answer?.Invoke(packet) ?? Packet.Answer(packet);
            var room = State.Rent(_packets[i].Client, answer.Length);
            if (room.IsEmpty)
                continue;
            answer.CopyTo(room);
            State.Commit(_packets[i].Client, answer.Length);
        }

        State.Flush(now);
    }

    private ConnectorState NewState(int seed) => new(new ConnectorOptions
    {
        PrivateKey = _key,
        RandomSource = new SeededRandom(seed),
        TimestampAtZero = RelayWorld.Epoch,
        Output = Port,
        Slots = Port,
    });

    public void Dispose()
    {
        State.Dispose();
        _key.Dispose();
    }
}
