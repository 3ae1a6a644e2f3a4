using Keyhole.Cryptography;
using Keyhole.Packets;
using Keyhole.WireGuard;

namespace Keyhole.Fuzz;

/// <summary>Two devices that know each other, and what they have sent but not yet received. Everything in it follows from the calls.</summary>
internal sealed class WireGuardPair : IDisposable
{
    private static readonly PrivateKey LeftKey = new(Enumerable.Repeat((byte)0x11, 32).ToArray());
    private static readonly PrivateKey RightKey = new(Enumerable.Repeat((byte)0x22, 32).ToArray());

    internal WireGuardPair()
    {
        Left = Open(LeftKey, 1, ToRight);
        Right = Open(RightKey, 2, ToLeft);
        LeftPeer = AddPeer(Left, Right.PublicKey, RightAt, SamplePackets.Target4, SamplePackets.Target6);
        RightPeer = AddPeer(Right, Left.PublicKey, LeftAt, SamplePackets.Client4, SamplePackets.Client6);
    }

    internal static IpEndpoint LeftAt { get; } = new(IpAddress.Parse("192.0.2.1"), 1111);

    internal static IpEndpoint RightAt { get; } = new(IpAddress.Parse("192.0.2.2"), 2222);

    internal Device Left { get; }

    internal Device Right { get; }

    /// <summary>Right as left knows it.</summary>
    internal Peer LeftPeer { get; private set; }

    /// <summary>Left as right knows it.</summary>
    internal Peer RightPeer { get; private set; }

    internal Queued ToRight { get; } = new();

    internal Queued ToLeft { get; } = new();

    /// <summary>Hands over everything that is under way, until nothing is.</summary>
    internal void Settle(long now)
    {
        while (ToRight.Datagrams.Count + ToLeft.Datagrams.Count > 0)
        {
            while (ToRight.Datagrams.TryDequeue(out byte[]? datagram))
                Right.Receive(datagram, LeftAt, now);
            while (ToLeft.Datagrams.TryDequeue(out byte[]? datagram))
                Left.Receive(datagram, RightAt, now);
        }
    }

    internal void ReplaceRightPeer()
    {
        Right.RemovePeer(RightPeer);
        RightPeer = AddPeer(Right, Left.PublicKey, LeftAt, SamplePackets.Client4, SamplePackets.Client6);
    }

    public void Dispose()
    {
        Left.Dispose();
        Right.Dispose();
    }

    private static Device Open(PrivateKey key, int seed, IDatagramOutput output) => new(new DeviceOptions
    {
        PrivateKey = key,
        RandomSource = new SeededRandom(seed),
        Output = output,
        TimestampAtZero = Tai64n.FromUnixMicroseconds(1_000_000_000_000_000),
        MaximumPeers = 4,
        MaximumStagedPackets = 4,
    });

    private static Peer AddPeer(Device device, PublicKey key, IpEndpoint at, params IpAddress[] inner) => device.AddPeer(new PeerOptions
    {
        PublicKey = key,
        Endpoint = at,
        AllowedIps = [.. inner.Select(IpPrefix.Host)],
    });

    /// <summary>Datagrams under way in one direction; what is too many is lost.</summary>
    internal sealed class Queued : IDatagramOutput
    {
        private const int Most = 64;

        internal Queue<byte[]> Datagrams { get; } = new();

        public void Send(in IpEndpoint destination, ReadOnlySpan<byte> datagram, Peer? peer)
        {
            if (Datagrams.Count < Most)
                Datagrams.Enqueue(datagram.ToArray());
        }
    }
}
