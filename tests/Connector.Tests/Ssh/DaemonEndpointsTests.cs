using System.Net;
using System.Threading.Channels;
using Keyhole.Contracts;
using Keyhole.Edge;

namespace Keyhole.Connector.Tests;

public class DaemonEndpointsTests
{
    [Fact]
    [Trait("Threat", "35")]
    public async Task The_daemons_of_the_table_are_known_by_address_at_once_and_by_name_when_it_was_asked_for()
    {
        var told = Channel.CreateUnbounded<bool>();
        await using var hosts = new HostLookup(
            () => told.Writer.WriteAsync(true).AsTask(), (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse("10.0.0.8"), IPAddress.Parse("fd00::8")]));
        var endpoints = new DaemonEndpoints(TableOf(new SshDaemon("10.0.0.7", 22123, null), new SshDaemon("vm.example", 22124, null), null));
        Assert.Empty(Known(endpoints, hosts));
        hosts.Follow(endpoints.Hosts);
        Assert.Contains("10.0.0.7:22123", Known(endpoints, hosts));
        await told.Reader.ReadAsync();
        Assert.Equal(["10.0.0.7:22123", "10.0.0.8:22124", "[fd00::8]:22124"], Known(endpoints, hosts));

        // A newer table does not forget the name while it is asked again.
        endpoints = new DaemonEndpoints(TableOf(new SshDaemon("vm.example", 22125, null)));
        hosts.Follow(endpoints.Hosts);
        Assert.Equal(["10.0.0.8:22125", "[fd00::8]:22125"], Known(endpoints, hosts));
        Assert.Empty(Known(DaemonEndpoints.None, hosts));
    }

    private static string[] Known(DaemonEndpoints endpoints, HostLookup hosts) => [.. endpoints.Known(hosts).Select(endpoint => endpoint.ToString()).Order(StringComparer.Ordinal)];

    private static Table TableOf(params SshDaemon?[] daemons) => new()
    {
        Revision = 1,
        Organisation = "acme",
        Overlay = [],
        Ssh = [.. daemons.Select((daemon, index) => new SshRow(index + 1, new string('a', 32), daemon, [], [], [], []))],
    };
}
