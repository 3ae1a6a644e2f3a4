using System.Net;
using System.Text;
using Keyhole.Agent;
using Keyhole.Packets;

namespace Keyhole.Client.Tests;

/// <summary>Against the proxy of <c>keyhole up --proxy</c>.</summary>
public class SocksClientTests
{
    private static readonly IpEndpoint Anywhere = new(IpAddress.Parse("127.0.0.1"), 0);

    [Theory]
    [InlineData(ProxyWorld.Alias)]
    [InlineData(ProxyWorld.Target)]
    [Trait("Promise", "B17")]
    public async Task What_goes_in_comes_out_through_the_tunnel_and_back(string host)
    {
        using var world = new ProxyWorld();
        using var socket = await SocksClient.ConnectAsync(Listen(world), host, ProxyWorld.Echo);
        byte[] text = Encoding.ASCII.GetBytes(new string('x', 200_000));
        using MemoryStream input = new(text), output = new();
        await SshProxyCommand.PumpAsync(socket, input, output);
        Assert.Equal(text, output.ToArray());
    }

    [Theory]
    [InlineData(ProxyWorld.Refused, "refuses")]
    [InlineData(ProxyWorld.NoHost, "nobody leads there")]
    public async Task A_host_that_is_not_reached_is_named_with_the_reason(ushort port, string reason)
    {
        using var world = new ProxyWorld();
        var refusal = await Assert.ThrowsAsync<AgentException>(() => SocksClient.ConnectAsync(Listen(world), ProxyWorld.Target, port));
        Assert.Contains(reason, refusal.Message, StringComparison.Ordinal);
        refusal = await Assert.ThrowsAsync<AgentException>(() => SocksClient.ConnectAsync(Listen(world), "192.0.2.1", 22));
        Assert.Contains("not granted", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task User_and_password_of_the_port_are_given_where_it_asks()
    {
        string file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, "secret\n");
            using var world = new ProxyWorld(new ProxyOptions { Listen = Anywhere, Credentials = new SocksCredentials("ada", "secret") });
            using (await SocksClient.ConnectAsync(Listen(world), ProxyWorld.Target, ProxyWorld.Echo, "ada", file))
            {
                // It is connected.
            }

            var refusal = await Assert.ThrowsAsync<AgentException>(() => SocksClient.ConnectAsync(Listen(world), ProxyWorld.Target, ProxyWorld.Echo));
            Assert.Contains("KEYHOLE_SOCKS_USER", refusal.Message, StringComparison.Ordinal);
            await File.WriteAllTextAsync(file, "wrong");
            await Assert.ThrowsAsync<AgentException>(() => SocksClient.ConnectAsync(Listen(world), ProxyWorld.Target, ProxyWorld.Echo, "ada", file));
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static IPEndPoint Listen(ProxyWorld world) => IPEndPoint.Parse(world.Front.Listen!.Value.ToString());
}
