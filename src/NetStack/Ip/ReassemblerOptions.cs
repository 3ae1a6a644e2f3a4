namespace Keyhole.NetStack;

/// <summary>What bounds a <see cref="Reassembler"/>: each incomplete datagram takes 64 KiB, allocated when it is first needed.</summary>
public sealed record ReassemblerOptions
{
    /// <summary>Incomplete datagrams in all; above, the peer that holds most gives one up.</summary>
    public int MaximumDatagrams { get; init; } = 64;

    /// <summary>Incomplete datagrams of one peer; above, its own oldest gives way.</summary>
    public int MaximumDatagramsPerPeer { get; init; } = 8;

    /// <summary>Microseconds from the first fragment that arrives until the rest must have come.</summary>
    public long Timeout { get; init; } = 30_000_000;
}
