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
    }

    [Theory]
    [InlineData("", "write [bind:]port:address:port")]
    [InlineData("80", "write [bind:]port:address:port")]
    [InlineData("8080:web.acme.internal:80", "web.acme.internal")]
    [InlineData("0:10.0.0.1:80", "'0'")]
    [InlineData("8080:10.0.0.1:70000", "'70000'")]
    [InlineData("host:8080:10.0.0.1:80", "'host'")]
    [InlineData("8080:[fd00::9:80", "write [bind:]port:address:port")]
    [InlineData("8080:[fd00::9]80", "write [bind:]port:address:port")]
    public void Names_what_is_wrong(string text, string named) => Assert.Contains(named, PortForward.Parse(text, out _), StringComparison.Ordinal);
}
