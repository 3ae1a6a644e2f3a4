using Keyhole.Packets;
using Keyhole.Tunnel.Tests.Relay;
using Keyhole.WireGuard;

namespace Keyhole.Tunnel.Tests.Client;

/// <summary>A socket of the simulated network: what is sent or committed flies at once.</summary>
internal sealed class Port(ClientWorld world, IpEndpoint endpoint) : IDatagramOutput, IDatagramSlots
{
    private byte[] _room = [];

    public IpEndpoint Endpoint { get; set; } = endpoint;

    /// <summary>When false nothing flies and the room is used again: for measurements.</summary>
    public bool Records { get; set; } = true;

    public Span<byte> Reserved => _room;

    public Span<byte> Reserve(int length)
    {
        if (Records || _room.Length < length)
            _room = new byte[length];
        return _room.AsSpan(0, length);
    }

    public void Commit(in IpEndpoint destination, int offset, int length)
    {
        if (Records)
            world.Fly(new Flight(Endpoint, destination, _room[offset..(offset + length)]));
    }

    public void CommitWhole(in IpEndpoint destination, int offset, int length)
    {
        if (Records)
            world.Fly(new Flight(Endpoint, destination, _room[offset..(offset + length)], IsWhole: true));
    }

    public void Send(in IpEndpoint destination, ReadOnlySpan<byte> datagram, Peer? peer)
    {
        if (Records)
            world.Fly(new Flight(Endpoint, destination, datagram.ToArray()));
    }
}
