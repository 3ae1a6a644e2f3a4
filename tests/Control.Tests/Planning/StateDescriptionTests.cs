using System.Text.Json;

namespace Keyhole.Control.Tests;

/// <summary>A network described as it is, and each of its objects as a client could have sent it.</summary>
public class StateDescriptionTests
{
    [Fact]
    public async Task A_network_described_as_it_is_and_written_as_it_is_stays_as_it_is()
    {
        // Only for what is known of agents' connections, which is nothing.
        await using var server = await RunningControl.StartAsync();
        var network = server.Server.Networks.Create("acme", Actor.Operator);
        int seed = TestSeed.Next();
        var files = new RandomNetwork(seed);
        var state = NetworkState.Empty;
        for (int i = 0; i < 100; i++)
        {
            string text = files.Next();
            if (DescriptionReader.Read(text, state, out _) is null)
                continue;
            state = Samples.Apply(state, text);
            Assert.True(state == Reconciliation.Reconcile(state, StateDescription.Of(state), Samples.Now, new SeededRandom(1)), $"seed {seed}, file {i}");
            Check(new RelayKind(), network, state, seed);
            Check(new SiteKind(), network, state, seed);
            Check(new ConnectorKind(), network, state, seed);
            Check(new ResourceKind(), network, state, seed);
            Check(new UserKind(), network, state, seed);
            Check(new MachineKind(), network, state, seed);
            Check(new ExternalClientKind(), network, state, seed);
        }
    }

    /// <summary>What a client reads it may send back: the interface takes what files make, and gives out what it takes.</summary>
    private static void Check<TItem, TInput, TView>(ObjectKind<TItem, TInput, TView> kind, Network network, NetworkState state, int seed)
        where TItem : class, INamed
        where TInput : notnull
    {
        foreach (var item in kind.Items(state))
        {
            var input = kind.InputOf(kind.View(network, state, item));
            Assert.True(state == kind.Put(state, item, input, Samples.Now), $"seed {seed}: {kind.Word} {item.Name} as {JsonSerializer.Serialize(input)}");
        }
    }
}
