using Keyhole.Cryptography;

namespace Keyhole.WireGuard.Tests;

/// <summary>Two nodes that are peers of each other. Time stands still unless a test moves it.</summary>
internal sealed class Pair : IDisposable
{
    public Pair(TimerSchedule? schedule = null, PresharedKey? presharedKey = null, Func<DeviceOptions, DeviceOptions>? configure = null)
    {
        A = new Node(1, schedule, configure);
        B = new Node(2, schedule, configure);
        PeerOfA = A.AddPeer(B, presharedKey);
        PeerOfB = B.AddPeer(A, presharedKey);
    }

    public Node A { get; }

    public Node B { get; }

    /// <summary>B as A's device knows it.</summary>
    public Peer PeerOfA { get; }

    /// <summary>A as B's device knows it.</summary>
    public Peer PeerOfB { get; }

    public long Now { get; set; } = 1_000_000;

    /// <summary>A pair with a session that A initiated and confirmed.</summary>
    public static Pair Established(TimerSchedule? schedule = null, PresharedKey? presharedKey = null, Func<DeviceOptions, DeviceOptions>? configure = null)
    {
        var pair = new Pair(schedule, presharedKey, configure);
        pair.Handshake();
        return pair;
    }

    /// <summary>A complete handshake from A: initiation, response, confirming keepalive.</summary>
    public void Handshake()
    {
        A.Device.InitiateHandshake(PeerOfA, B.Address, Now);
        Assert.Equal(ReceiveKind.Handshake, B.Receive(A.TakeOnly(), A, Now).Kind);
        Assert.Equal(ReceiveKind.Handshake, A.Receive(B.TakeOnly(), B, Now).Kind);
        var confirmation = B.Receive(A.TakeOnly(), A, Now);
        Assert.Equal((ReceiveKind.Keepalive, true), (confirmation.Kind, confirmation.Confirmed));
    }

    /// <summary>Delivers everything that waits, and what it causes, until both are silent.</summary>
    public void Deliver()
    {
        while (A.Sent.Count + B.Sent.Count > 0)
        {
            if (A.Sent.TryDequeue(out var fromA))
                B.Device.Receive(fromA.Bytes, fromA.Source, Now);
            if (B.Sent.TryDequeue(out var fromB))
                A.Device.Receive(fromB.Bytes, fromB.Source, Now);
        }
    }

    public byte[] SealAtA(ReadOnlySpan<byte> payload) => Inner.Seal(A.Device, PeerOfA, Inner.Packet(A.InnerAddress, B.InnerAddress, payload), Now, out _)!;

    public byte[] SealAtB(ReadOnlySpan<byte> payload) => Inner.Seal(B.Device, PeerOfB, Inner.Packet(B.InnerAddress, A.InnerAddress, payload), Now, out _)!;

    public ReceiveResult ReceiveAtA(byte[] datagram) => A.Device.Receive(datagram, B.Address, Now);

    public ReceiveResult ReceiveAtB(byte[] datagram) => B.Device.Receive(datagram, A.Address, Now);

    public void Dispose()
    {
        A.Dispose();
        B.Dispose();
    }
}
