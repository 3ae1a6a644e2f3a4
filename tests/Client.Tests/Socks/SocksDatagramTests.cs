using System.Text;
using Keyhole.Packets;

namespace Keyhole.Client.Tests;

public class SocksDatagramTests
{
    [Theory]
    [InlineData(new byte[] { 0, 0, 0, 1, 10, 0, 0, 1, 0, 53, 7 }, "10.0.0.1", "", 53)]
    [InlineData(new byte[] { 0, 0, 0, 3, 2, (byte)'n', (byte)'s', 0, 53, 7 }, "::", "ns", 53)]
    [InlineData(new byte[] { 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 53, 7 }, "::1", "", 53)]
    public void The_target_stands_before_the_payload(byte[] datagram, string address, string name, int port)
    {
        Assert.True(SocksDatagram.TryParse(datagram, out var target, out var payload));
        Assert.Equal((address, name, port), (target.Address.ToString(), Encoding.ASCII.GetString(target.Name), target.Port));
        Assert.Equal([7], payload.ToArray());
        for (int length = 0; length < datagram.Length - 1; length++)
            Assert.False(SocksDatagram.TryParse(datagram.AsSpan(0, length), out _, out _));
    }

    [Theory]
    [InlineData(new byte[] { 0, 0, 1, 1, 10, 0, 0, 1, 0, 53, 7 })]
    [InlineData(new byte[] { 0, 1, 0, 1, 10, 0, 0, 1, 0, 53, 7 })]
    [InlineData(new byte[] { 0, 0, 0, 2, 10, 0, 0, 1, 0, 53, 7 })]
    [InlineData(new byte[] { 0, 0, 0, 1, 10, 0, 0, 1, 0, 0, 7 })]
    [InlineData(new byte[] { 0, 0, 0, 3, 0, 0, 53, 7 })]
    public void Fragments_and_nonsense_are_refused(byte[] datagram) => Assert.False(SocksDatagram.TryParse(datagram, out _, out _));

    [Theory]
    [InlineData("10.0.0.1:53")]
    [InlineData("[fd00::9]:9000")]
    public void A_header_that_is_written_can_be_read(string text)
    {
        Assert.True(IpEndpoint.TryParse(text, out var endpoint));
        byte[] header = new byte[SocksDatagram.MaximumHeaderLength];
        int length = SocksDatagram.WriteHeader(header, endpoint);
        Assert.True(SocksDatagram.TryParse(header.AsSpan(0, length), out var target, out var payload));
        Assert.Equal(endpoint, new IpEndpoint(target.Address, target.Port));
        Assert.True(payload.IsEmpty);
    }
}
