using System.Diagnostics;
using Keyhole.Cryptography;

namespace Keyhole.Perf;

/// <summary>Plays 64 pairs of stock nodes that register at a relay and make a session through it, as often as their sessions would end.</summary>
internal sealed class StockPairs(RelayGround ground)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    private readonly PrivateKey[] _machines = Keys(), _connectors = Keys();

    /// <summary>The public keys, in text.</summary>
    internal IReadOnlyList<(string Machine, string Connector)> PublicKeys =>
        [.. _machines.Zip(_connectors, (machine, connector) => (machine.PublicKey.ToString(), connector.PublicKey.ToString()))];

    /// <summary>Registers all and makes a session in each pair; the relay forwards it from then on, for 190 s.</summary>
    /// <returns>The connector's index of each pair.</returns>
    /// <exception cref="TimeoutException">A pair came to no session.</exception>
    internal uint[] Connect(PublicKey relay, int port)
    {
        var machines = _machines.Select((key, i) => new StockNode(ground.Load, FlowList.Client(i), RelayGround.ForClients(port), key)).ToArray();
        var connectors = _connectors.Select((key, i) => new StockNode(ground.Sink, FlowList.Connector(i), RelayGround.ForConnectors(port), key)).ToArray();
        StockNode[] all = [.. machines, .. connectors];
        try
        {
            for (int i = 0; i < FlowList.Count; i++)
            {
                machines[i].Begin(relay, _connectors[i].PublicKey);
                connectors[i].Begin(relay, _machines[i].PublicKey);
            }

            Await("registered", all, node => node.IsRegistered, all);
            foreach (var machine in machines)
                machine.Connect();
            Await("heard its machine through the relay", connectors, node => node.HasHeard, all);
            return [.. machines.Select(machine => machine.Receiver!.Value)];
        }
        finally
        {
            foreach (var node in all)
                node.Dispose();
        }
    }

    private static PrivateKey[] Keys() => [.. Enumerable.Range(0, FlowList.Count).Select(_ => PrivateKey.Generate(RandomSource.System))];

    private static void Await(string what, StockNode[] nodes, Predicate<StockNode> condition, StockNode[] all)
    {
        for (var clock = Stopwatch.StartNew(); !Array.TrueForAll(nodes, condition); Thread.Sleep(1))
        {
            if (clock.Elapsed > s_patience)
                throw new TimeoutException($"{nodes.Count(node => !condition(node))} of {nodes.Length} stock nodes never {what}.");
            foreach (var node in all)
                node.Turn();
        }
    }
}
