using Keyhole.Packets;
using Keyhole.Tunnel.Tests.Relay;
using Keyhole.WireGuard;

namespace Keyhole.Tunnel.Tests.Client;

/// <summary>A socket of the simulated network: what is sent or committed flies at once.</summary>
internal sealed class Port(ClientWorld world, IpEndpoint endpoint) : IDatagramOutput, IDatagramSlots
{
    private byte[] _room = [];

    public IpEndpoint Endpoint { get; } = endpoint;

    public Span<byte> Reserved => _room;

    public Span<byte> Reserve(int length) => _room = new byte[length];

    public void Commit(in IpEndpoint destination, int offset, int length) => world.Fly(new Flight(Endpoint, destination, _room[offset..(offset + length)]));

    public void Send(in IpEndpoint destination, ReadOnlySpan<byte> datagram, Peer? peer) => world.Fly(new Flight(Endpoint, destination, datagram.ToArray()));
}
