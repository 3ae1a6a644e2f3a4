namespace Keyhole.Perf;

/// <summary>A comparison against named baselines in one run. <see cref="Run"/> prints rows as they come; the last line has <see cref="Keys"/>.</summary>
internal abstract class Suite
{
    internal abstract string Name { get; }

    /// <summary>One line for the list of names.</summary>
    internal abstract string Summary { get; }

    /// <summary>The keys of the last line, in its order. One that <see cref="Run"/> leaves out is null, and a note says why.</summary>
    internal abstract IReadOnlyList<string> Keys { get; }

    internal abstract void Run(Report report, string[] arguments);
}
