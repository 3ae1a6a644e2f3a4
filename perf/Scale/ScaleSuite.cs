namespace Keyhole.Perf;

/// <summary>What size costs the relay: look-ups in a million entries, their memory, and tables of 100,000 agents put in force while it forwards.</summary>
internal sealed class ScaleSuite : Suite
{
    internal override string Name => "scale";

    internal override string Summary => "a million forwarding entries against a thousand; a table of 100,000 agents put in force while datagrams are forwarded";

    internal override IReadOnlyList<string> Keys => ["lookup_1m_vs_1k", "bytes_per_entry", "snapshot_100k_ms", "snapshot_lost_packets"];

    internal override void Run(Report report, string[] arguments)
    {
        LookUpSection.Run(report);
        SnapshotSection.Run(report);
        SnapshotLossSection.Run(report);
    }
}
