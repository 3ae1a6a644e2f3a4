using Keyhole.Packets;
using Keyhole.WireGuard;

namespace Keyhole.Fuzz;

/// <summary>
/// One datagram from the network to a device, which has an established session or none (first byte). Nothing but what the
/// peer's device made may be answered with data or believed.
/// </summary>
internal sealed class WireGuardDatagramTarget : IFuzzTarget
{
    private const long Now = 1_000_000;
    private const byte WithSession = 1;

    private readonly Mac1Key _mac1 = Mac1();

    public string Name => "wireguard-datagram";

    public string Door => "a datagram from anyone to WireGuard.Device.Receive, with and without a session";

    public IEnumerable<(string Name, byte[] Input)> Seeds
    {
        get
        {
            using var pair = new WireGuardPair();
            pair.Left.InitiateHandshake(pair.LeftPeer, WireGuardPair.RightAt, Now);
            byte[] initiation = pair.ToRight.Datagrams.Dequeue();
            yield return ("initiation", [0, .. initiation]);
            yield return ("initiation-in-session", [WithSession, .. initiation]);
            pair.Right.Receive([.. initiation], WireGuardPair.LeftAt, Now);
            yield return ("response", [WithSession, .. pair.ToLeft.Datagrams.Dequeue()]);
            yield return ("cookie-reply", [WithSession, 3, 0, 0, 0, .. new byte[60]]);
            yield return ("data", [WithSession, 4, 0, 0, 0, .. new byte[60]]);
            yield return ("keepalive-forged", [WithSession, 4, 0, 0, 0, 1, 2, 3, 4, .. new byte[24]]);
            yield return ("empty", [0]);
        }
    }

    public void Repair(Span<byte> input)
    {
        if (input.IsEmpty)
            return;
        var datagram = input[1..];
        if (Message.TypeOf(datagram) is MessageType.HandshakeInitiation or MessageType.HandshakeResponse)
            _mac1.Write(datagram);
    }

    public ulong Run(Span<byte> input)
    {
        if (input.IsEmpty)
            return 0;
        using var pair = new WireGuardPair();
        bool session = (input[0] & WithSession) != 0;
        if (session)
        {
            pair.Left.InitiateHandshake(pair.LeftPeer, WireGuardPair.RightAt, 0);
            pair.Settle(0);
        }

        var outcome = new Outcome();
        outcome.Add(session);
        var datagram = input[1..];
        var result = pair.Right.Receive(datagram, new IpEndpoint(IpAddress.Parse("198.51.100.7"), 7), Now);
        Promise.Holds((result.Kind == ReceiveKind.Dropped) == (result.DropReason != DropReason.None));
        Promise.Holds(result.Kind is ReceiveKind.Dropped or ReceiveKind.Handshake);
        Promise.Holds(pair.RightPeer.Endpoint == WireGuardPair.LeftAt);
        long answered = pair.ToLeft.Datagrams.Sum(d => d.Length);
        Promise.Holds(answered <= datagram.Length);
        outcome.Add((long)result.Kind);
        outcome.Add((long)result.DropReason);
        outcome.Add((long)result.MessageType);
        outcome.Add(answered);
        return outcome.Value;
    }

    private static Mac1Key Mac1()
    {
        using var pair = new WireGuardPair();
        return new Mac1Key(pair.Right.PublicKey);
    }
}
