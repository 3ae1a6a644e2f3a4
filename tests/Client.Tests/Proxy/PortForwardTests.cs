namespace Keyhole.Client.Tests;

public class PortForwardTests
{
    [Theory]
    [InlineData("8080:100.64.0.9:80", "127.0.0.1:8080", "100.64.0.9:80")]
    [InlineData("127.0.0.2:1:10.0.0.1:65535", "127.0.0.2:1", "10.0.0.1:65535")]
    [InlineData("[::1]:8080:[fd00::9]:80", "[::1]:8080", "[fd00::9]:80")]
    [InlineData("8080:[fd00::9]:80", "127.0.0.1:8080", "[fd00::9]:80")]
    public void Reads_what_OpenSSH_reads(string text, string listen, string target)
    {
        Assert.Null(PortForward.Parse(text, out var forward));
        Assert.Equal((listen, target), (forward.Listen.ToString(), forward.Target.ToString()));
        Assert.False(forward.IsUdp);
    }

    [Theory]
    [InlineData("8080:web.acme.internal:80", false, "127.0.0.1:8080", "web.acme.internal", "web.acme.internal:80")]
    [InlineData("udp:5353:100.64.0.9:53", true, "127.0.0.1:5353", null, "100.64.0.9:53")]
    [InlineData("udp:[::1]:5353:dns.acme.internal:53", true, "[::1]:5353", "dns.acme.internal", "dns.acme.internal:53")]
    public void Takes_aliases_and_datagrams(string text, bool isUdp, string listen, string? name, string target)
    {
        Assert.Null(PortForward.Parse(text, out var forward));
        Assert.Equal((isUdp, listen, name, target), (forward.IsUdp, forward.Listen.ToString(), forward.Target.Name, forward.Target.ToString()));
    }

    [Theory]
    [InlineData("", "write [udp:][bind:]port:host:port")]
    [InlineData("80", "write [udp:][bind:]port:host:port")]
    [InlineData("8080:web acme:80", "'web acme'")]
    [InlineData("8080::80", "''")]
    [InlineData("0:10.0.0.1:80", "'0'")]
    [InlineData("8080:10.0.0.1:70000", "'70000'")]
    [InlineData("host:8080:10.0.0.1:80", "'host'")]
    [InlineData("8080:[fd00::9:80", "write [udp:][bind:]port:host:port")]
    [InlineData("8080:[fd00::9]80", "write [udp:][bind:]port:host:port")]
    public void Names_what_is_wrong(string text, string named) => Assert.Contains(named, PortForward.Parse(text, out _), StringComparison.Ordinal);
}
