using Keyhole.NetStack;

namespace Keyhole.Connector;

/// <summary>What bounds the flows of a connector.</summary>
internal sealed record SiteFlowsOptions
{
    public required StackOptions Tcp { get; init; }

    public required DatagramLimits Udp { get; init; }

    public required DatagramLimits Echo { get; init; }

    public ReassemblerOptions Reassembly { get; init; } = new();

    /// <summary>How long one address of a name that has several is tried before the next, in microseconds.</summary>
    public long AttemptTimeout { get; init; } = 1_000_000;

    /// <summary>ICMP denials and refusals per second for all clients together.</summary>
    public int DenialsPerSecond { get; init; } = 200;
}
