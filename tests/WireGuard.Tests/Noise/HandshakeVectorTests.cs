using Keyhole.Cryptography;
using Keyhole.Packets;

namespace Keyhole.WireGuard.Tests;

/// <summary>Whole handshakes with fixed keys: the device's bytes against the naive twin's, and both against bytes pinned here.</summary>
public class HandshakeVectorTests
{
    private static readonly byte[] InitiatorStatic = Bytes(0x10);
    private static readonly byte[] ResponderStatic = Bytes(0x20);
    private static readonly byte[] InitiatorEphemeral = Bytes(0x30);
    private static readonly byte[] ResponderEphemeral = Bytes(0x40);
    private static readonly byte[] Shared = Bytes(0x50);

    [Fact]
    public void The_twin_knows_the_vectors_of_its_RFCs()
    {
        // RFC 7693 appendix B.
        Assert.Equal("508C5E8C327C14E2E1A72BA34EEB452F37458B209ED63A294D999B4C86675982", Convert.ToHexString(NaiveBlake2s.Hash("abc"u8.ToArray())));
        // RFC 7748 section 6.1.
        Assert.Equal(
            "4A5D9D5BA4CE2DE1728E3BF480350F25E07E21C947D19E3376F09B3C1E161742",
            Convert.ToHexString(NaiveX25519.Agree(
                Convert.FromHexString("77076D0A7318A57D3C16C17251B26645DF4C2F87EBC0992AB177FBA51DB92C2A"),
                Convert.FromHexString("DE9EDB7D7B7DC1B4D35B61C2ECE435373F8343C85B78674DADFC7E146F882B4F"))));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Both_messages_and_the_transport_keys_are_those_of_the_paper(bool withPresharedKey)
    {
        using var initiatorKey = new PrivateKey(InitiatorStatic);
        using var responderKey = new PrivateKey(ResponderStatic);
        using var presharedKey = new PresharedKey(withPresharedKey ? Shared : new byte[32]);
        var twin = new NaiveHandshake(InitiatorStatic, ResponderStatic, withPresharedKey ? Shared : new byte[32]);
        var output = new Recorder();
        var epoch = Tai64n.FromUnixMicroseconds(1_600_000_000_000_000);
        using var initiator = new Device(Options(initiatorKey, InitiatorEphemeral, 0x01020304, output, epoch));
        using var responder = new Device(Options(responderKey, ResponderEphemeral, 0xA1B2C3D4, output, epoch));
        var toResponder = initiator.AddPeer(new PeerOptions { PublicKey = responder.PublicKey, PresharedKey = withPresharedKey ? presharedKey : null, AllowedIps = [IpPrefix.Parse("0.0.0.0/0")] });
        var toInitiator = responder.AddPeer(new PeerOptions { PublicKey = initiator.PublicKey, PresharedKey = withPresharedKey ? presharedKey : null, AllowedIps = [IpPrefix.Parse("0.0.0.0/0")] });

        initiator.InitiateHandshake(toResponder, default, 0);
        byte[] initiation = output.Last;
        byte[] label = new byte[12];
        epoch.Whitened().WriteTo(label);
        Assert.Equal(Convert.ToHexString(twin.Initiation(InitiatorEphemeral, label, 0x01020304)), Convert.ToHexString(initiation));

        responder.Receive([.. initiation], default, 0);
        byte[] response = output.Last;
        Assert.Equal(Convert.ToHexString(twin.Response(ResponderEphemeral, 0xA1B2C3D4, 0x01020304)), Convert.ToHexString(response));

        var (initiatorSends, responderSends) = twin.TransportKeys();
        Assert.True(initiator.Receive([.. response], default, 0).NewSession);
        Assert.Equal(Convert.ToHexString(NaiveHandshake.Transport(initiatorSends, 0, 0xA1B2C3D4, [])), Convert.ToHexString(output.Last));

        byte[] packet = Inner.Packet(new IpAddress(1), new IpAddress(2), [1, 2, 3]);
        byte[] datagram = NaiveHandshake.Transport(initiatorSends, 7, 0xA1B2C3D4, packet);
        var received = responder.Receive(datagram, default, 0);
        Assert.Equal((ReceiveKind.Packet, true, 7ul), (received.Kind, received.Confirmed, received.Counter));
        Assert.Equal(packet, datagram.AsSpan(received.Offset, received.Length).ToArray());
        Assert.Equal(
            Convert.ToHexString(NaiveHandshake.Transport(responderSends, 0, 0x01020304, packet)),
            Convert.ToHexString(Inner.Seal(responder, toInitiator, packet, 0, out _)!));
    }

    [Fact]
    public void The_twin_notices_one_wrong_bit_of_every_input()
    {
        byte[] label = new byte[12];
        string expected = Convert.ToHexString(Run(InitiatorStatic, ResponderStatic, Shared, InitiatorEphemeral, label));
        Assert.NotEqual(expected, Convert.ToHexString(Run(Flip(InitiatorStatic), ResponderStatic, Shared, InitiatorEphemeral, label)));
        Assert.NotEqual(expected, Convert.ToHexString(Run(InitiatorStatic, Flip(ResponderStatic), Shared, InitiatorEphemeral, label)));
        Assert.NotEqual(expected, Convert.ToHexString(Run(InitiatorStatic, ResponderStatic, Flip(Shared), InitiatorEphemeral, label)));
        Assert.NotEqual(expected, Convert.ToHexString(Run(InitiatorStatic, ResponderStatic, Shared, Flip(InitiatorEphemeral), label)));
        Assert.NotEqual(expected, Convert.ToHexString(Run(InitiatorStatic, ResponderStatic, Shared, InitiatorEphemeral, Flip(label))));

        static byte[] Run(byte[] initiator, byte[] responder, byte[] shared, byte[] ephemeral, byte[] label)
        {
            var twin = new NaiveHandshake(initiator, responder, shared);
            byte[] initiation = twin.Initiation(ephemeral, label, 1);
            return [.. initiation, .. twin.Response(ResponderEphemeral, 2, 1), .. twin.TransportKeys().Initiator];
        }

        static byte[] Flip(byte[] bytes)
        {
            byte[] copy = [.. bytes];
            copy[8] ^= 0x10;
            return copy;
        }
    }

    private static byte[] Bytes(byte first) => [.. Enumerable.Range(first, 32).Select(value => (byte)value)];

    private static DeviceOptions Options(PrivateKey key, byte[] ephemeral, uint index, IDatagramOutput output, Tai64n epoch) =>
        new() { PrivateKey = key, RandomSource = new Script(ephemeral, index), Output = output, TimestampAtZero = epoch };

    /// <summary>Gives 32 bytes as the ephemeral key and 4 as the index, whenever asked.</summary>
    private sealed class Script(byte[] ephemeral, uint index) : RandomSource
    {
        public override void Fill(Span<byte> destination)
        {
            if (destination.Length == 4)
                BitConverter.TryWriteBytes(destination, index);
            else if (destination.Length == 32)
                ephemeral.CopyTo(destination);
            else
                destination.Clear();
        }
    }

    private sealed class Recorder : IDatagramOutput
    {
        public byte[] Last { get; private set; } = [];

        public void Send(in IpEndpoint destination, ReadOnlySpan<byte> datagram, Peer? peer) => Last = datagram.ToArray();
    }
}
