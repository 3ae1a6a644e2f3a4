namespace Keyhole.Client.Tests;

public class StockConfigurationTests
{
    private const string Key = "mA8gPJO0Mo5QVLN1aR6tSBPm2bK8MRXqCX0PZO7GmHg=";

    private const string Good = $"""
        # web.acme.internal = 100.64.1.1, fd00::1:1
        [Interface]
        PrivateKey = {Key}
        Address = 100.64.0.2/32, fd00::2/128
        DNS = 100.64.0.1
        MTU = 1300

        [Peer]
        PublicKey = {Key}
        PresharedKey = {Key}
        AllowedIPs = 100.64.1.1/32   # the web
        AllowedIPs = 192.168.1.0/24
        Endpoint = relay.example.com:21820
        PersistentKeepalive = 25
        """;

    [Fact]
    public void Reads_the_shape_that_Control_prints()
    {
        using var configuration = StockConfigurationReader.Read(Good, out var errors);
        Assert.Empty(errors);
        Assert.NotNull(configuration);
        Assert.Equal(["100.64.0.2", "fd00::2"], configuration.Addresses.Select(address => address.ToString()));
        Assert.Equal(["100.64.1.1/32", "192.168.1.0/24"], configuration.AllowedIps.Select(prefix => prefix.ToString()));
        Assert.Equal((1300, 25, "relay.example.com:21820", Key), (configuration.Mtu, configuration.PersistentKeepalive, configuration.Endpoint, configuration.PeerKey.ToString()));
        Assert.Equal(Convert.FromBase64String(Key), configuration.PresharedKey!.Bytes.ToArray());
    }

    [Theory]
    [InlineData("PrivateKey = x", "line 3: PrivateKey is not the base64 of 32 bytes.", 3)]
    [InlineData("MTU = 12", "line 6: MTU '12' is not a number from 576 to 65535.", 6)]
    [InlineData("Address = 100.64.0.300", "line 4: '100.64.0.300' of Address", 4)]
    [InlineData("[Something]", "line 7: section [Something] is unknown", 7)]
    [InlineData("nonsense", "line 5: expected 'Key = value'", 5)]
    public void Names_the_line_and_the_fault(string line, string expected, int number)
    {
        var lines = Good.Split('\n');
        lines[number - 1] = line;
        Assert.Null(StockConfigurationReader.Read(string.Join('\n', lines), out var errors));
        Assert.Contains(errors, error => error.Contains(expected, StringComparison.Ordinal));
    }

    [Fact]
    public void Reports_everything_that_is_missing_at_once_and_prints_no_key()
    {
        Assert.Null(StockConfigurationReader.Read("[Interface]\n[Peer]\nPresharedKey = short", out var errors));
        Assert.Equal(5, errors.Count);
        var wrong = Good.Replace(Key, Key[..40], StringComparison.Ordinal);
        Assert.Null(StockConfigurationReader.Read(wrong, out errors));
        Assert.DoesNotContain(errors, error => error.Contains(Key[..20], StringComparison.Ordinal));
    }
}
