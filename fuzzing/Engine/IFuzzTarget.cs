namespace Keyhole.Fuzz;

/// <summary>
/// One door through which a stranger's bytes enter. It starts from the same state for each input, so that an input alone
/// repeats what it found.
/// </summary>
internal interface IFuzzTarget
{
    /// <summary>On the command line, and the folder of its corpus.</summary>
    string Name { get; }

    /// <summary>In one line, what it feeds to whom.</summary>
    string Door { get; }

    /// <summary>Bytes; longer inputs are cut.</summary>
    int MaximumLength => 2048;

    /// <summary>Valid inputs, named by their meaning: what the corpus is made from.</summary>
    IEnumerable<(string Name, byte[] Input)> Seeds { get; }

    /// <summary>
    /// Feeds one input, which lies before an unmapped page and may be changed in place. Whatever breaks a promise throws.
    /// </summary>
    /// <returns>What it did, as a number: an input with a new one is kept and mutated further.</returns>
    ulong Run(Span<byte> input);

    /// <summary>Makes a mutated input pass the shallow checks (lengths, checksums, mac1), so that it gets deeper. May do nothing.</summary>
    void Repair(Span<byte> input)
    {
    }
}
