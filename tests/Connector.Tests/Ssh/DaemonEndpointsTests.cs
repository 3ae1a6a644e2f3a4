using System.Net;
using System.Net.Sockets;
using Keyhole.Contracts;

namespace Keyhole.Connector.Tests;

public class DaemonEndpointsTests
{
    private readonly Dictionary<string, IPAddress[]> _names = [];
    private readonly DaemonEndpoints _endpoints;

    public DaemonEndpointsTests() =>
        _endpoints = new DaemonEndpoints((name, _) => _names.TryGetValue(name, out var addresses) ? Task.FromResult(addresses) : throw new SocketException((int)SocketError.HostNotFound));

    private string[] Current => [.. _endpoints.Current.Select(endpoint => endpoint.ToString()).Order(StringComparer.Ordinal)];

    [Fact]
    [Trait("Threat", "35")]
    public async Task The_daemons_of_the_table_are_known_by_address_at_once_and_by_name_when_it_was_asked_for()
    {
        _names["vm.example"] = [IPAddress.Parse("10.0.0.8"), IPAddress.Parse("fd00::8")];
        Assert.True(_endpoints.Follow(TableOf(new SshDaemon("10.0.0.7", 22123, null), new SshDaemon("vm.example", 22124, null), null)));
        Assert.Equal(["10.0.0.7:22123"], Current);
        await _endpoints.ResolveAsync(default);
        Assert.Equal(["10.0.0.7:22123", "10.0.0.8:22124", "[fd00::8]:22124"], Current);

        // A name without an answer leads where it led; one that leads elsewhere is followed.
        _names.Remove("vm.example");
        await _endpoints.ResolveAsync(default);
        Assert.Equal(3, Current.Length);
        _names["vm.example"] = [IPAddress.Parse("10.0.0.9")];
        await _endpoints.ResolveAsync(default);
        Assert.Equal(["10.0.0.7:22123", "10.0.0.9:22124"], Current);

        // A newer table does not forget the name while it is asked again.
        Assert.False(_endpoints.Follow(TableOf(new SshDaemon("vm.example", 22125, null))));
        Assert.Equal(["10.0.0.9:22125"], Current);
        _endpoints.Follow(TableOf());
        Assert.Empty(Current);
    }

    private static Table TableOf(params SshDaemon?[] daemons) => new()
    {
        Revision = 1,
        Organisation = "acme",
        Overlay = [],
        Ssh = [.. daemons.Select((daemon, index) => new SshRow(index + 1, new string('a', 32), daemon, [], [], [], []))],
    };
}
