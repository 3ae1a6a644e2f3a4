using Keyhole.Cryptography;
using Keyhole.WireGuard;

namespace Keyhole.Tunnel;

/// <summary>What a <see cref="RelayState"/> is made of. Durations are microseconds.</summary>
public sealed record RelayStateOptions
{
    /// <summary>The relay's static key. It stays the caller's to dispose, after the state.</summary>
    public required PrivateKey PrivateKey { get; init; }

    public required RandomSource RandomSource { get; init; }

    /// <summary>Takes the datagrams that the relay sends by itself; what it forwards stays where it was received.</summary>
    public required IDatagramOutput Output { get; init; }

    /// <summary>The TAI64N label at <c>now</c> = 0.</summary>
    public required Tai64n TimestampAtZero { get; init; }

    /// <summary>What a restart reads; null for none.</summary>
    public IRelayJournal? Journal { get; init; }

    /// <summary>Agents that may be registered. A journal holds at least as many slots.</summary>
    public int MaximumAgents { get; init; } = 16_384;

    /// <summary>Flows through the gateway. A journal holds at least as many.</summary>
    public int MaximumFlows { get; init; } = 65_536;

    /// <summary>Flows of one client; its oldest gives way to a new one.</summary>
    public int MaximumFlowsPerClient { get; init; } = 4_096;

    /// <summary>Entries for blind forwarding, two for each session between two agents. Memory is used as they come.</summary>
    public int MaximumEntries { get; init; } = 2_000_000;

    /// <summary>The longest inner packet that is forwarded (docs/protocol.md, rule 21).</summary>
    public int InnerMtu { get; init; } = 1280;

    /// <summary>For our own agents.</summary>
    public TimerSchedule AgentSchedule { get; init; } = TimerSchedule.Keyhole;

    /// <summary>For stock WireGuard nodes.</summary>
    public TimerSchedule StockSchedule { get; init; } = TimerSchedule.Paper;

    public LoadPolicy LoadPolicy { get; init; } = LoadPolicy.Standard;
}
