using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;

namespace Keyhole.Control.Tests;

/// <summary>What servers know of each other's agents, whatever was lost on the way.</summary>
public sealed class SiblingsTests : IAsyncLifetime
{
    private const int Organisation = 1;

    /// <summary>More than one message carries.</summary>
    private const int Many = 100;

    private readonly List<BusDatabase> _bus = [];
    private readonly ConcurrentDictionary<int, SiblingAgent> _agents = [];
    private readonly RemoteAgents _known = new();
    private readonly BusDatabase _there, _here;
    private readonly Siblings _teller, _hearer;

    public SiblingsTests()
    {
        (_there, _here) = (new BusDatabase(_bus), new BusDatabase(_bus));
        _bus.AddRange([_there, _here]);
        (_teller, _hearer) = (On(_there), On(_here));
        _teller.All = () => _agents.Values;
        _hearer.Told += _known.Take;
        _hearer.Counted += (server, agents) => _known.Count(server, agent => agents.Contains((Organisation, agent)));
    }

    public async Task InitializeAsync()
    {
        _teller.Start();
        _hearer.Start();
        for (int id = 0; id < Many; id++)
            Connect(id);
        await Until(() => _known.All().Count == Many);
    }

    public async Task DisposeAsync()
    {
        await _teller.DisposeAsync();
        await _hearer.DisposeAsync();
    }

    [Fact]
    [Trait("Promise", "O15")]
    public async Task An_agent_that_left_while_nothing_could_be_said_is_known_to_be_gone()
    {
        _there.IsAway = true;
        Disconnect(7);
        await Until(() => _there.Lost != 0);
        _there.IsAway = false;
        await Until(() => _known.All().Count == Many - 1);
        Assert.Null(_known.Find(AgentOf(7).Agent));
        Assert.Equal(_teller.Server, _known.ServerOf(AgentOf(8).Agent));
    }

    [Fact]
    [Trait("Promise", "O15")]
    public async Task Who_heard_nothing_for_a_moment_asks_for_all()
    {
        _here.IsDeaf = true;
        Disconnect(7);
        Connect(Many);
        await Until(() => _there.Said.Any(text => text.Contains($"\"id\":{Many},", StringComparison.Ordinal)));
        Assert.Equal(Many, _known.All().Count);
        _here.Hear();
        await Until(() => _known.Find(AgentOf(Many).Agent) is not null && _known.Find(AgentOf(7).Agent) is null);
        Assert.Equal(Many, _known.All().Count);
    }

    [Fact]
    [Trait("Promise", "O15")]
    public async Task What_is_told_again_is_gone_at_no_time()
    {
        bool missed = false;
        _hearer.Told += (_, _) => missed |= _known.All().Count != Many;
        int counted = 0;
        _hearer.Counted += (_, _) => Interlocked.Increment(ref counted);
        for (int i = 1; i <= 3; i++)
        {
            _here.Hear();
            await Until(() => Volatile.Read(ref counted) >= i);
        }

        Assert.False(missed);
    }

    private static Siblings On(BusDatabase database) => new(database, new Timeless(), NullLogger.Instance);

    private static SiblingAgent AgentOf(int id, bool connected = true) =>
        new(Organisation, AgentKind.Connector, id, connected, DateTimeOffset.UnixEpoch, "1", AckedRevision: 1, AckedAt: null, Follows: 1, FlowsCut: 0, Path: null);

    private void Connect(int id) => _teller.Tell(_agents[id] = AgentOf(id));

    private void Disconnect(int id)
    {
        _agents.TryRemove(id, out _);
        _teller.Tell(AgentOf(id, connected: false));
    }

    /// <summary>Nobody falls silent: what was lost has to heal by what is said.</summary>
    private sealed class Timeless : TimeProvider
    {
        public override long GetTimestamp() => 0;
    }

    private static async Task Until(Func<bool> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!condition())
            await Task.Delay(20, patience.Token);
    }
}
