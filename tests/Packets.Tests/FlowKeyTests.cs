namespace Keyhole.Packets.Tests;

public sealed class FlowKeyTests
{
    [Fact]
    public void The_reply_has_the_reversed_key()
    {
        foreach (var (a, b) in new[] { (Sample.A4, Sample.B4), (Sample.A6, Sample.B6) })
        {
            Assert.Equal(new FlowKey(17, a, 1000, b, 53), Key(Sample.Udp(a, b, 1000, 53, 4)));
            Assert.Equal(Key(Sample.Udp(a, b, 1000, 53, 4)).Reverse(), Key(Sample.Udp(b, a, 53, 1000, 4)));
            Assert.Equal(Key(Sample.Tcp(a, b, 1000, 53, TcpFlags.Syn, default, 4)).Reverse(), Key(Sample.Tcp(b, a, 53, 1000, TcpFlags.Syn, default, 4)));
            byte[] reply = new byte[8];
            IcmpMessage.WriteEchoReply(reply, b, a, 77, 1);
            Assert.Equal(Key(Sample.Echo(a, b, 77, 1, 0)).Reverse(), Key(Sample.Packet(b, a, a.IsIpv4 ? IpProtocol.Icmp : IpProtocol.Icmpv6, reply)));
        }
    }

    [Fact]
    [Trait("Threat", "18")]
    public void A_transport_header_that_is_cut_short_names_no_flow()
    {
        for (int length = 0; length < 20; length++)
        {
            Assert.True(IpView.TryParse(Sample.Packet(Sample.A4, Sample.B4, IpProtocol.Tcp, new byte[length]), out var tcp));
            Assert.False(tcp.TryGetFlow(out _));
            Assert.True(IpView.TryParse(Sample.Packet(Sample.A4, Sample.B4, IpProtocol.Udp, new byte[length]), out var udp));
            Assert.Equal(length >= 8, udp.TryGetFlow(out _));
        }
    }

    [Fact]
    public void Only_first_fragments_name_a_flow()
    {
        Assert.True(IpView.TryParse(Sample.WithExtensions(17, new byte[24], (44, [0, 0, 0, 1, 0, 0, 0, 1])), out var first));
        Assert.True(first.TryGetFlow(out _));
        Assert.True(IpView.TryParse(Sample.WithExtensions(17, new byte[24], (44, [0, 0, 0, 9, 0, 0, 0, 1])), out var later));
        Assert.False(later.TryGetFlow(out _));
    }

    [Fact]
    public void The_hash_depends_on_every_field_and_on_the_key()
    {
        var key = new FlowKey(17, Sample.A4, 1, Sample.B4, 2);
        ulong[] hashes =
        [
            key.Hash(1), key.Hash(2), key.Reverse().Hash(1), (key with { Protocol = 6 }).Hash(1), (key with { SourcePort = 9 }).Hash(1),
            (key with { DestinationPort = 9 }).Hash(1), (key with { Source = Sample.A6 }).Hash(1), (key with { Destination = Sample.B6 }).Hash(1),
        ];
        Assert.Equal(hashes.Length, hashes.Distinct().Count());
        Assert.Equal(key.Hash(1), (key with { }).Hash(1));
    }

    [Fact]
    public void Neighbouring_flows_spread_over_buckets()
    {
        int[] buckets = new int[256];
        for (ushort port = 0; port < 25_600; port++)
            buckets[new FlowKey(6, Sample.A4, port, Sample.B4, 443).Hash(42) & 255]++;
        Assert.All(buckets, count => Assert.InRange(count, 50, 160));
    }

    private static FlowKey Key(byte[] packet)
    {
        Assert.True(IpView.TryParse(packet, out var view));
        Assert.True(view.TryGetFlow(out var flow));
        return flow;
    }
}
