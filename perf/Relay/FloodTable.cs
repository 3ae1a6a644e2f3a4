namespace Keyhole.Perf;

/// <summary>The rounds of one cell, in which all forwarders take turns.</summary>
internal sealed class FloodTable(FloodCell cell)
{
    private readonly Dictionary<string, List<FloodResult>> _rounds = [];

    internal FloodCell Cell => cell;

    internal void Add(string name, FloodResult result)
    {
        if (!_rounds.TryGetValue(name, out var rounds))
            _rounds.Add(name, rounds = []);
        rounds.Add(result);
    }

    /// <summary>The median of the rounds.</summary>
    internal double Median(string name, Func<FloodResult, double> value) => Contest.Median(_rounds[name].Select(value));

    /// <summary>The forwarder's own time per datagram.</summary>
    internal double Forwarding(string name) => Median(name, result => result.Forwarding);

    /// <summary>What the kernel does on arrival, per datagram: what the load costs here beyond what it costs into the void.</summary>
    internal double Arrival(string name, string theVoid) => Math.Max(Median(name, result => result.Load) - Median(theVoid, result => result.Load), 0);

    internal IEnumerable<string> Names => _rounds.Keys;
}
