using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Keyhole.Contracts;

namespace Keyhole.Edge.Tests;

public class HostLookupTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task A_name_server_that_does_not_answer_holds_up_neither_other_names_nor_the_end()
    {
        var told = new Told();
        var hosts = new HostLookup(told.NoteAsync, (name, _) => name == "dead.example" ? new TaskCompletionSource<IPAddress[]>().Task : Task.FromResult<IPAddress[]>([IPAddress.Parse("203.0.113.10")]));
        hosts.Follow(["dead.example", "relay.example", "198.51.100.7"]);
        Assert.Equal("198.51.100.7", Assert.Single(hosts.Of("198.51.100.7")).ToString());
        await told.NextAsync();
        Assert.Equal("203.0.113.10", Assert.Single(hosts.Of("relay.example")).ToString());
        Assert.Empty(hosts.Of("dead.example"));
        await hosts.DisposeAsync().AsTask().WaitAsync(Patience);
    }

    [Fact]
    public async Task A_name_without_an_address_is_asked_for_again_soon()
    {
        int count = 0;
        var told = new Told();
        await using var hosts = new HostLookup(told.NoteAsync, (_, _) => ++count == 1 ? throw new SocketException((int)SocketError.HostNotFound) : Task.FromResult<IPAddress[]>([IPAddress.Loopback]));
        hosts.Follow(["relay.example"]);
        await told.NextAsync();
        Assert.Equal(2, count);
    }

    [Fact]
    public async Task When_the_network_changes_all_are_asked_for_at_once_and_what_is_known_holds_until_there_is_something_else()
    {
        var told = new Told();
        var asked = Channel.CreateUnbounded<TaskCompletionSource<IPAddress[]>>();
        await using var hosts = new HostLookup(told.NoteAsync, (_, _) =>
        {
            var answer = new TaskCompletionSource<IPAddress[]>();
            asked.Writer.TryWrite(answer);
            return answer.Task;
        });
        hosts.Follow(["relay.example"]);
        (await NextAsync()).SetResult([IPAddress.Parse("192.0.2.1")]);
        await told.NextAsync();

        hosts.Restart();
        (await NextAsync()).SetException(new SocketException((int)SocketError.TryAgain));
        hosts.Restart();
        var third = await NextAsync();
        Assert.Equal("192.0.2.1", Assert.Single(hosts.Of("relay.example")).ToString());
        third.SetResult([IPAddress.Parse("192.0.2.2")]);
        await told.NextAsync();
        Assert.Equal("192.0.2.2", Assert.Single(hosts.Of("RELAY.example")).ToString());

        hosts.Follow([]);
        Assert.Empty(hosts.Of("relay.example"));

        async Task<TaskCompletionSource<IPAddress[]>> NextAsync() => await asked.Reader.ReadAsync().AsTask().WaitAsync(Patience);
    }

    [Fact]
    public async Task A_relay_has_the_endpoints_that_are_known_literals_at_once()
    {
        var told = new Told();
        await using var hosts = new HostLookup(told.NoteAsync, (name, _) => name == "dead.example" ? new TaskCompletionSource<IPAddress[]>().Task : Task.FromResult<IPAddress[]>([IPAddress.Parse("2001:db8::5")]));
        RelayRow[] relays =
        [
            new(1, "literal", null, ["192.0.2.1:21820"], false),
            new(2, "both", null, ["192.0.2.2:21820", "dead.example:21820"], false),
            new(3, "dead", null, ["dead.example:21820", "nonsense"], false),
            new(4, "named", null, ["relay.example:443"], false),
        ];
        Assert.Equal(["dead.example", "dead.example", "relay.example"], RelayEndpoints.NamesOf(relays));
        hosts.Follow(RelayEndpoints.NamesOf(relays));
        await told.NextAsync();
        var known = RelayEndpoints.Named(relays, hosts).ToDictionary(one => one.Relay, one => string.Join(' ', one.Endpoints));
        Assert.Equal(new Dictionary<int, string> { [2] = "192.0.2.2:21820", [4] = "[2001:db8::5]:443" }, known);
    }

    private sealed class Told
    {
        private readonly Channel<bool> _times = Channel.CreateUnbounded<bool>();

        public Task NoteAsync()
        {
            _times.Writer.TryWrite(true);
            return Task.CompletedTask;
        }

        public async Task NextAsync() => await _times.Reader.ReadAsync().AsTask().WaitAsync(Patience);
    }
}
