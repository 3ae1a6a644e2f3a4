namespace Keyhole.NetStack;

/// <summary>What bounds the flows of a <see cref="UdpFlowTable"/> or an <see cref="IcmpEchoTable"/>. Durations are microseconds, sizes bytes.</summary>
public sealed record DatagramLimits
{
    /// <summary>A number that nobody can predict: the hash of the table is keyed with it.</summary>
    public required ulong HashKey { get; init; }

    /// <summary>The largest IP packet that the tunnel carries; larger replies are fragmented.</summary>
    public int Mtu { get; init; } = 1420;

    /// <summary>Flows in all; above, the peer that holds most gives one up.</summary>
    public int MaximumFlows { get; init; } = 8_192;

    /// <summary>Flows of one peer; above, its own oldest gives way.</summary>
    public int MaximumFlowsPerPeer { get; init; } = 512;

    /// <summary>The largest payload either way.</summary>
    public int MaximumPayload { get; init; } = 65_507;

    /// <summary>How long a flow is kept that the target has not answered.</summary>
    public long OneWayTimeout { get; init; } = 30_000_000;

    /// <summary>How long an answered flow is kept.</summary>
    public long TwoWayTimeout { get; init; } = 180_000_000;

    /// <summary>How long a flow to port 53 is kept, answered or not.</summary>
    public long DnsTimeout { get; init; } = 10_000_000;
}
