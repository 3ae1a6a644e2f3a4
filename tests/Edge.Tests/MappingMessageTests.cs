using Keyhole.Packets;

namespace Keyhole.Edge.Tests;

public sealed class MappingMessageTests
{
    private static readonly byte[] Nonce = [.. Enumerable.Range(1, 12).Select(value => (byte)value)];

    [Fact]
    public void A_PCP_request_is_laid_out_as_RFC_6887_draws_it()
    {
        var datagram = new byte[PcpMap.Length];
        PcpMap.Write(datagram, IpAddress.Parse("10.9.0.2"), 0x5544, new IpEndpoint(IpAddress.Parse("198.51.100.2"), 0x1234), Nonce, 3600);
        Assert.Equal(
            "02010000" + "00000E10" + "00000000000000000000FFFF0A090002" + "0102030405060708090A0B0C" + "11000000" + "55441234" + "00000000000000000000FFFFC6336402",
            Convert.ToHexString(datagram));
    }

    [Fact]
    public void A_NAT_PMP_request_is_laid_out_as_RFC_6886_draws_it()
    {
        var datagram = new byte[NatPmp.MapRequestLength];
        NatPmp.WriteMapRequest(datagram, 0x5544, 0x1234, 3600);
        Assert.Equal("00010000" + "55441234" + "00000E10", Convert.ToHexString(datagram));
        NatPmp.WriteAddressRequest(datagram);
        Assert.Equal("0000", Convert.ToHexString(datagram.AsSpan(0, NatPmp.AddressRequestLength)));
    }

    [Fact]
    public void A_PCP_answer_counts_only_with_the_nonce_and_the_port_of_the_request()
    {
        var answer = Gateway.PcpAnswer(result: 0, lifetime: 600, epoch: 7, Nonce, port: 4000, "192.0.2.7", external: 5000);
        Assert.True(PcpMap.TryParse(answer, 4000, Nonce, out var parsed));
        Assert.Equal(new MappingAnswer(0, 600, 7, IpAddress.Parse("192.0.2.7"), 5000), parsed);
        Assert.False(PcpMap.TryParse(answer, 4001, Nonce, out _));
        for (int index = 0; index < Nonce.Length; index++)
        {
            byte[] other = [.. Nonce];
            other[index] ^= 1;
            Assert.False(PcpMap.TryParse(answer, 4000, other, out _));
        }

        for (int length = 0; length < answer.Length; length++)
            Assert.False(PcpMap.TryParse(answer.AsSpan(0, length), 4000, Nonce, out _));
    }

    [Fact]
    public void Whatever_arrives_is_parsed_without_an_exception()
    {
        var random = new Random(TestSeed.Next());
        for (int round = 0; round < 20_000; round++)
        {
            var datagram = new byte[random.Next(80)];
            random.NextBytes(datagram);
            if (datagram.Length > 2)
                (datagram[0], datagram[1]) = ((byte)random.Next(3), (byte)(random.Next(4) + (random.Next(2) * 128)));
            Assert.False(PcpMap.TryParse(datagram, 1, Nonce, out _));
            Assert.True(!PcpMap.IsUnsupported(datagram) || datagram.Length >= 4);
            Assert.True(!NatPmp.TryParseAddress(datagram, out var answer) || datagram.Length >= (answer.Result == 0 ? 12 : 8));
            Assert.True(!NatPmp.TryParseMap(datagram, 1, out _) || datagram.Length >= 16);
        }
    }
}
