using Keyhole.Contracts;
using Keyhole.Cryptography;
using Keyhole.Packets;
using Keyhole.Tunnel.Tests.Relay;
using Keyhole.WireGuard;
using static Keyhole.Tunnel.Tests.Connector.ConnectorWorld;

namespace Keyhole.Tunnel.Tests.Connector;

/// <summary>A client that says what it likes of its way (docs/protocol.md, rule 21): it is given no less than every way carries and no more than there is.</summary>
public sealed class PeerMtuTests
{
    private static readonly IpEndpoint s_elsewhere = RelayWorld.End("198.51.100.9:4000");

    [Theory]
    [Trait("Threat", "12")]
    [InlineData(0, 1280)]
    [InlineData(1279, 1280)]
    [InlineData(1328, 1328)]
    [InlineData(1420, 1420)]
    [InlineData(1421, 1420)]
    [InlineData(65535, 1420)]
    public void What_a_client_says_before_any_probe_is_held_to_what_there_may_be(int told, int expected)
    {
        using var world = new ConnectorWorld();
        using var client = new Client(world);
        Assert.Equal(1280, client.Mtu);
        client.Tell((ushort)told, world.Relay1.Endpoint);
        Assert.Equal(expected, client.Mtu);
        client.Tell(0, world.Relay1.Endpoint);
        Assert.Equal(1280, client.Mtu);
        Assert.Equal(expected > 1280, world.State.TryTakeNarrowed(out int narrowed));
        Assert.Equal(expected > 1280 ? Machine : 0, narrowed);
    }

    /// <summary>What was said on a way that leads nowhere, or by a relay in its own session, is true of no client's way.</summary>
    [Fact]
    [Trait("Threat", "17")]
    public void What_comes_from_elsewhere_or_from_a_relay_changes_nothing()
    {
        using var world = new ConnectorWorld();
        using var client = new Client(world);
        client.Tell(1328, world.Relay1.Endpoint);
        foreach (ushort told in new ushort[] { 0, 1420, 65535 })
        {
            client.Tell(told, s_elsewhere);
            Assert.Equal(1328, client.Mtu);
            world.Relay1.SendPayload(Client.Message(told));
            world.Run(100 * Millisecond);
            Assert.Equal(1328, client.Mtu);
        }

        Assert.Equal(3, world.State.DropCount(ConnectorDropReason.Control));
        Assert.False(world.State.TryTakeNarrowed(out _));
    }

    /// <summary>The machine, with a session of its own through the first relay.</summary>
    private sealed class Client : IDatagramOutput, IDisposable
    {
        private static readonly FlowKey s_answers = new(IpProtocol.Udp, Web, 53, MachineAddress, 1000);

        private readonly ConnectorWorld _world;
        private readonly PrivateKey _key = PrivateKey.Generate(new SeededRandom(77));
        private readonly Queue<byte[]> _sent = [];
        private readonly Device _device;
        private readonly Peer _peer;

        public Client(ConnectorWorld world)
        {
            _world = world;
            world.Registered(table => table with
            {
                Peers = [.. table.Peers.Select(row => row.Id == Machine ? row with { PublicKey = _key.PublicKey.ToString() } : row)],
            });
            _device = new Device(new DeviceOptions { PrivateKey = _key, RandomSource = new SeededRandom(78), Output = this, TimestampAtZero = RelayWorld.Epoch });
            _peer = _device.AddPeer(new PeerOptions { PublicKey = world.PublicKey, AcceptAnySource = true, Endpoint = ConnectorEndpoint });
            int before = world.FromConnector.Count;
            _device.InitiateHandshake(_peer, ConnectorEndpoint, world.Now);
            Deliver(world.Relay1.Endpoint);
            byte[] response = Assert.Single(world.FromConnector.Skip(before), flight => flight.Bytes[0] == 2).Bytes;
            _device.Receive([.. response], ConnectorEndpoint, world.Now);
            Send(Packet.Udp(MachineAddress, 1000, Web, 53), world.Relay1.Endpoint);
        }

        public int Mtu => _world.State.MtuOf(Machine, s_answers).Current;

        public static byte[] Message(ushort mtu)
        {
            byte[] payload = new byte[SessionMtu.Length];
            new SessionMtu(mtu).Write(payload);
            return payload;
        }

        public void Tell(ushort mtu, IpEndpoint source) => Send(Message(mtu), source);

        public void Send(in IpEndpoint destination, ReadOnlySpan<byte> datagram, Peer? peer) => _sent.Enqueue(datagram.ToArray());

        public void Dispose()
        {
            _device.Dispose();
            _key.Dispose();
        }

        private void Send(byte[] payload, IpEndpoint source)
        {
            byte[] buffer = new byte[payload.Length + 64];
            payload.CopyTo(buffer.AsSpan(TransportMessage.PacketOffset));
            var sealing = _device.Seal(_peer, buffer, payload.Length, _world.Now);
            Assert.Equal(SealKind.Sealed, sealing.Kind);
            _sent.Enqueue(buffer[..sealing.Length]);
            Deliver(source);
        }

        private void Deliver(IpEndpoint source)
        {
            while (_sent.TryDequeue(out byte[]? datagram))
                _world.Receive(datagram, source, out _, out _);
        }
    }
}
