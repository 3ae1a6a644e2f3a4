namespace Keyhole.NetStack;

/// <summary>What a <see cref="TcpStack"/> is built with. Durations are microseconds, sizes bytes.</summary>
public sealed record StackOptions
{
    private const long Millisecond = 1_000;
    private const long Second = 1_000_000;

    /// <summary>32 bytes that nobody can predict: initial sequence numbers, timestamp offsets and table hashes are keyed with them.</summary>
    public required ReadOnlyMemory<byte> Secret { get; init; }

    /// <summary>The largest IP packet that the tunnel carries.</summary>
    public int Mtu { get; init; } = 1420;

    /// <summary>The controller of new flows.</summary>
    public CongestionAlgorithm Congestion { get; init; } = CongestionAlgorithm.Cubic;

    /// <summary>Offer and accept window scaling (RFC 7323 section 2).</summary>
    public bool WindowScaling { get; init; } = true;

    /// <summary>Offer and accept timestamps (RFC 7323 section 3).</summary>
    public bool Timestamps { get; init; } = true;

    /// <summary>Offer and accept selective acknowledgements (RFC 2018).</summary>
    public bool SelectiveAcknowledgement { get; init; } = true;

    /// <summary>Handle in-order segments of established flows on a short path. Off, every segment takes the long one: the tests run both.</summary>
    public bool FastPath { get; init; } = true;

    /// <summary>Verify the checksum of what comes in. Off only where the caller has verified it, as GRO in a TUN device does.</summary>
    public bool VerifyChecksums { get; init; } = true;

    /// <summary>Flows in all; above, SYNs are dropped.</summary>
    public int MaximumFlows { get; init; } = 65_536;

    /// <summary>Flows of one peer; above, its SYNs are dropped.</summary>
    public int MaximumFlowsPerPeer { get; init; } = 4_096;

    /// <summary>SYNs in all that wait for the host.</summary>
    public int MaximumPending { get; init; } = 4_096;

    /// <summary>SYNs of one peer that wait for the host.</summary>
    public int MaximumPendingPerPeer { get; init; } = 256;

    /// <summary>New SYNs per second that one peer's token bucket refills.</summary>
    public int SynRate { get; init; } = 100;

    /// <summary>New SYNs that one peer may send at once.</summary>
    public int SynBurst { get; init; } = 500;

    /// <summary>Closed connections that are remembered in TIME-WAIT; the oldest gives way.</summary>
    public int MaximumTimeWait { get; init; } = 16_384;

    /// <summary>Memory in all for queued bytes and the records of sent segments.</summary>
    public long BufferBudget { get; init; } = 256L << 20;

    /// <summary>Memory of one peer's flows out of <see cref="BufferBudget"/>.</summary>
    public long BufferBudgetPerPeer { get; init; } = 64L << 20;

    /// <summary>The receive window that a new flow offers.</summary>
    public int InitialReceiveWindow { get; init; } = 64 << 10;

    /// <summary>The receive window that autotuning may reach.</summary>
    public int MaximumReceiveWindow { get; init; } = 4 << 20;

    /// <summary>Bytes of one flow that wait for acknowledgement or for being sent; below, the limit is twice the congestion window.</summary>
    public int MaximumSendQueue { get; init; } = 4 << 20;

    /// <summary>The window scale that the stack offers (RFC 7323 section 2.2).</summary>
    public byte WindowShift { get; init; } = 7;

    /// <summary>The smallest segment size that a peer is believed (CVE-2019-11479).</summary>
    public int MinimumSegmentSize { get; init; } = 88;

    /// <summary>The segment size that a flow falls back to when full segments vanish.</summary>
    public int BlackHoleSegmentSize { get; init; } = 1220;

    /// <summary>How long a SYN may wait for the host.</summary>
    public long DialTimeout { get; init; } = 10 * Second;

    /// <summary>Lower bound of the variance term of the retransmission timeout, as in Linux.</summary>
    public long MinimumRto { get; init; } = 200 * Millisecond;

    /// <summary>Upper bound of the retransmission timeout.</summary>
    public long MaximumRto { get; init; } = 60 * Second;

    /// <summary>Retransmission timeouts without progress after which a flow is given up.</summary>
    public int MaximumRetransmissions { get; init; } = 15;

    /// <summary>Time without any progress after which a flow is given up.</summary>
    public long UserTimeout { get; init; } = 600 * Second;

    /// <summary>SYN or SYN-ACK retransmissions after which a handshake is given up.</summary>
    public int MaximumSynRetransmissions { get; init; } = 5;

    /// <summary>The longest time that an acknowledgement is held back.</summary>
    public long DelayedAckTimeout { get; init; } = 25 * Millisecond;

    /// <summary>Idle time before the first keepalive probe; <see cref="long.MaxValue"/> for none.</summary>
    public long KeepaliveIdle { get; init; } = 60 * Second;

    /// <summary>Time between keepalive probes.</summary>
    public long KeepaliveInterval { get; init; } = 15 * Second;

    /// <summary>Unanswered keepalive probes after which a flow is given up.</summary>
    public int KeepaliveProbes { get; init; } = 6;

    /// <summary>How long FIN-WAIT-2 waits when the host has closed both directions; a half-closed flow waits for ever.</summary>
    public long FinWait2Timeout { get; init; } = 60 * Second;

    /// <summary>How long a closed connection is remembered.</summary>
    public long TimeWait { get; init; } = 60 * Second;

    internal void Validate()
    {
        if (Secret.Length != 32)
            throw new ArgumentException($"The secret has 32 bytes, not {Secret.Length}.", nameof(Secret));
        Require(Mtu is >= 576 and <= 65_535, nameof(Mtu));
        Require(MaximumFlows > 0, nameof(MaximumFlows));
        Require(MaximumFlowsPerPeer > 0, nameof(MaximumFlowsPerPeer));
        Require(MaximumPending > 0, nameof(MaximumPending));
        Require(MaximumPendingPerPeer > 0, nameof(MaximumPendingPerPeer));
        Require(SynRate is > 0 and <= 1_000_000, nameof(SynRate));
        Require(SynBurst > 0, nameof(SynBurst));
        Require(MaximumTimeWait > 0, nameof(MaximumTimeWait));
        Require(BufferBudget >= 64 << 10, nameof(BufferBudget));
        Require(BufferBudgetPerPeer >= 64 << 10, nameof(BufferBudgetPerPeer));
        Require(InitialReceiveWindow >= 4 << 10, nameof(InitialReceiveWindow));
        Require(MaximumReceiveWindow >= InitialReceiveWindow && MaximumReceiveWindow <= 65_535 << WindowShift, nameof(MaximumReceiveWindow));
        Require(MaximumSendQueue is >= 4 << 10 and <= 64 << 20, nameof(MaximumSendQueue));
        Require(WindowShift <= 14, nameof(WindowShift));
        Require(MinimumSegmentSize >= 48, nameof(MinimumSegmentSize));
    }

    private static void Require(bool holds, string option)
    {
        if (!holds)
            throw new ArgumentException($"{option} is out of its range.", option);
    }
}
