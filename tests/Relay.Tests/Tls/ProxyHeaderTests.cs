using Keyhole.Packets;

namespace Keyhole.Relay.Tests.Tls;

/// <summary>The header before a spliced connection, against bytes written down from proxy-protocol.txt, section 2.2.</summary>
public class ProxyHeaderTests
{
    [Theory]
    [InlineData("192.0.2.1:4660", "203.0.113.10:443", "0D0A0D0A000D0A515549540A2111 000C C0000201 CB00710A 1234 01BB")]
    [InlineData("[2001:db8::1]:4660", "[2001:db8::2]:443", "0D0A0D0A000D0A515549540A2121 0024 20010DB8000000000000000000000001 20010DB8000000000000000000000002 1234 01BB")]
    [InlineData("192.0.2.1:1", "[2001:db8::2]:2", "0D0A0D0A000D0A515549540A2121 0024 00000000000000000000FFFFC0000201 20010DB8000000000000000000000002 0001 0002")]
    public void It_says_who_is_there(string source, string destination, string expected)
    {
        byte[] header = new byte[ProxyHeader.MaximumLength];
        Assert.True(IpEndpoint.TryParse(source, out var from));
        Assert.True(IpEndpoint.TryParse(destination, out var to));
        int length = ProxyHeader.Write(from, to, header);
        Assert.Equal(expected.Replace(" ", "", StringComparison.Ordinal), Convert.ToHexString(header.AsSpan(0, length)));
    }
}
