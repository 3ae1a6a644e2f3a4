using System.Net;
using System.Net.Sockets;
using Keyhole.Contracts;
using Keyhole.Packets;
using Keyhole.SshHost;
using Keyhole.Tunnel;

namespace Keyhole.Connector.Tests;

public class SiteDaemonsTests
{
    private static readonly SshDaemon External = new("vm.lan", 22123, null);

    [Fact]
    [Trait("Promise", "B13")]
    public async Task One_connector_is_the_daemon_of_its_own_host_and_asks_those_of_others()
    {
        var (local, remote) = (new FakeDaemon(), new FakeDaemon());
        await using var daemons = new SiteDaemons(local, remote, Addresses());
        Assert.Same(local, await daemons.ChooseAsync(Target(null, "10.0.0.1"), default));
        Assert.Same(local, await daemons.ChooseAsync(Target(null, "here.lan"), default));
        Assert.Same(local, await daemons.ChooseAsync(Target(null, "127.0.0.1"), default));
        Assert.Same(remote, await daemons.ChooseAsync(Target(External, "vm.lan"), default));
    }

    [Fact]
    public async Task What_the_connector_was_not_started_for_is_named_with_what_mends_it()
    {
        await using var daemons = new SiteDaemons(null, null, Addresses());
        string local = (await Assert.ThrowsAsync<AuthDaemonException>(() => daemons.ChooseAsync(Target(null, "10.0.0.1"), default))).Message;
        Assert.Contains("start the connector on that host with --auth-daemon, or set ssh.daemon: external on the resource", local, StringComparison.Ordinal);
        string remote = (await Assert.ThrowsAsync<AuthDaemonException>(() => daemons.ChooseAsync(Target(External, "vm.lan"), default))).Message;
        Assert.Contains("--ad-pre-shared-key-file", remote, StringComparison.Ordinal);
        Assert.Contains("vm.lan:22123", remote, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("10.0.0.9")]
    [InlineData("vm.lan")]
    [InlineData("nowhere.lan")]
    public async Task A_connector_is_not_the_daemon_of_another_host(string destination)
    {
        await using var daemons = new SiteDaemons(new FakeDaemon(), null, Addresses());
        string error = (await Assert.ThrowsAsync<AuthDaemonException>(() => daemons.ChooseAsync(Target(null, destination), default))).Message;
        Assert.StartsWith($"{destination} is not this connector's host", error, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Threat", "35")]
    public async Task A_daemon_that_no_flow_would_reach_is_not_asked()
    {
        await using var daemons = new SiteDaemons(null, new FakeDaemon(), Addresses());
        foreach (string host in new[] { "loop.lan", "0.0.0.0", "nowhere.lan" })
            await Assert.ThrowsAsync<AuthDaemonException>(() => daemons.ChooseAsync(Target(External with { Host = host }, host), default));
    }

    [Theory]
    [InlineData("vm.lan", "10.0.0.9")]
    [InlineData("both.lan", "10.0.0.9")]
    [InlineData("10.0.0.9", "10.0.0.9")]
    [InlineData("127.0.0.1", "127.0.0.1")]
    [InlineData("::ffff:10.0.0.9", "10.0.0.9")]
    public async Task A_daemon_is_dialled_where_a_flow_would_be(string host, string address) =>
        Assert.Equal([IPAddress.Parse(address)], await Addresses().DialAsync(host, default));

    [Theory]
    [InlineData("loop.lan", "leads to 127.0.0.1")]
    [InlineData("metadata.lan", "leads to 169.254.169.254")]
    [InlineData("here.lan", "leads to 10.0.0.1")]
    [InlineData("nowhere.lan", "has no address")]
    [InlineData("224.0.0.1", "leads to 224.0.0.1")]
    [Trait("Threat", "35")]
    public async Task A_name_leads_to_no_loopback_link_local_or_own_address(string host, string error) =>
        Assert.Contains(error, (await Assert.ThrowsAsync<AuthDaemonException>(() => Addresses().DialAsync(host, default))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(null)]
    [InlineData("10.0.0.9")]
    [Trait("Promise", "B12")]
    [Trait("Threat", "34")]
    public async Task The_end_of_access_on_this_host_does_not_depend_on_its_name(string? leadsTo)
    {
        string address = "10.0.0.1";
        bool isKnown = true;
        var local = new FakeDaemon();
        await using var daemons = new SiteDaemons(local, null, new SiteAddresses(
            (_, _) => isKnown ? Task.FromResult<IPAddress[]>([IPAddress.Parse(address)]) : throw new SocketException((int)SocketError.TryAgain),
            () => new TargetRules([]),
            () => [IPAddress.Parse("10.0.0.1")]));
        var target = Target(null, "vm.lan");
        Assert.Same(local, await daemons.ChooseAsync(target, default));
        (isKnown, address) = (leadsTo is not null, leadsTo ?? address);
        if (isKnown)
        {
            // It is another host now: whom this one let in is locked out, once.
            await Assert.ThrowsAsync<AuthDaemonException>(() => daemons.ChooseAsync(target, default));
            await Assert.ThrowsAsync<AuthDaemonException>(() => daemons.ChooseAsync(target, default));
            var row = Assert.Single(local.Rows);
            Assert.Equal((7, 0, 0), (row.Resource, row.Users.Count, row.Trusted.Count));
        }
        else
        {
            Assert.Same(local, await daemons.ChooseAsync(target, default));
            await Assert.ThrowsAsync<AuthDaemonException>(() => daemons.ChooseAsync(target with { Row = target.Row with { Resource = 8 } }, default));
            Assert.Empty(local.Rows);
        }

        Assert.Same(local, await daemons.ChooseAsync(target.Withdrawn(target.Version), default));
    }

    private static SshTarget Target(SshDaemon? daemon, string destination) => new("acme", "vm", destination, SshHarness.Row(7, daemon, 1));

    private static SiteAddresses Addresses() => new(
        (name, _) => Task.FromResult<IPAddress[]>(name switch
        {
            "vm.lan" => [IPAddress.Parse("10.0.0.9")],
            "both.lan" => [IPAddress.Loopback, IPAddress.Parse("10.0.0.9")],
            "here.lan" => [IPAddress.Parse("10.0.0.1")],
            "loop.lan" => [IPAddress.Loopback],
            "metadata.lan" => [IPAddress.Parse("169.254.169.254")],
            _ => throw new SocketException((int)SocketError.HostNotFound),
        }),
        () => new TargetRules([IpAddress.Parse("10.0.0.1")]),
        () => [IPAddress.Parse("10.0.0.1")]);
}
