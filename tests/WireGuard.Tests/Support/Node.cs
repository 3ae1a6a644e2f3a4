using Keyhole.Cryptography;
using Keyhole.Packets;

namespace Keyhole.WireGuard.Tests;

/// <summary>A device with one key, one address and a list of what it sent by itself.</summary>
internal sealed class Node : IDatagramOutput, IDisposable
{
    public static readonly Tai64n Epoch = Tai64n.FromUnixMicroseconds(1_700_000_000_000_000);

    public Node(byte number, TimerSchedule? schedule = null, Func<DeviceOptions, DeviceOptions>? configure = null)
    {
        Random = new SeededRandom(number);
        PrivateKey = PrivateKey.Generate(Random);
        Address = new IpEndpoint(new IpAddress(0xC0000200u + number), 21820);
        InnerAddress = new IpAddress(0x0A000000u + number);
        var options = new DeviceOptions
        {
            PrivateKey = PrivateKey,
            RandomSource = Random,
            Output = this,
            TimestampAtZero = Epoch,
            TimerSchedule = schedule ?? TimerSchedule.Paper,
        };
        Device = new Device(configure?.Invoke(options) ?? options);
    }

    public RandomSource Random { get; }

    public PrivateKey PrivateKey { get; }

    public Device Device { get; }

    public IpEndpoint Address { get; }

    public IpAddress InnerAddress { get; }

    public Queue<Datagram> Sent { get; } = new();

    /// <summary>Adds the other node as a peer with its inner address and outer endpoint.</summary>
    public Peer AddPeer(Node other, PresharedKey? presharedKey = null, Func<PeerOptions, PeerOptions>? configure = null)
    {
        var options = new PeerOptions
        {
            PublicKey = other.Device.PublicKey,
            PresharedKey = presharedKey,
            AllowedIps = [IpPrefix.Host(other.InnerAddress)],
            Endpoint = other.Address,
        };
        return Device.AddPeer(configure?.Invoke(options) ?? options);
    }

    public void Send(in IpEndpoint destination, ReadOnlySpan<byte> datagram, Peer? peer) => Sent.Enqueue(new Datagram(Address, destination, datagram.ToArray(), peer));

    /// <summary>Takes the only datagram that waits.</summary>
    public byte[] TakeOnly()
    {
        var datagram = Assert.Single(Sent);
        Sent.Clear();
        return datagram.Bytes;
    }

    public ReceiveResult Receive(byte[] datagram, Node from, long now) => Device.Receive(datagram, from.Address, now);

    public void Dispose()
    {
        Device.Dispose();
        PrivateKey.Dispose();
    }
}
