using Keyhole.Tunnel;
using Keyhole.WireGuard;

namespace Keyhole.Relay;

/// <summary>What the data path gives away of itself: taken under the state's lock, made into words elsewhere.</summary>
/// <param name="Drops">Every reason of the relay, then every reason of its WireGuard device as "WireGuard.…".</param>
internal sealed record RelaySnapshot(
    long Now,
    bool HasTable,
    bool IsGateway,
    int FlowCount,
    int EntryCount,
    long ForwardedCount,
    long ForwardedBytes,
    IReadOnlyList<RelayAgentStatus> Agents,
    (string Reason, long Count)[] Drops)
{
    private const string DevicePrefix = "WireGuard.";

    private static readonly RelayDropReason[] RelayReasons = [.. Enum.GetValues<RelayDropReason>().Skip(1)];
    private static readonly DropReason[] DeviceReasons = [.. Enum.GetValues<DropReason>().Skip(1)];
    private static readonly string[] Names = [.. RelayReasons.Select(reason => reason.ToString()), .. DeviceReasons.Select(reason => DevicePrefix + reason)];

    /// <summary>One for each data thread.</summary>
    public IReadOnlyList<ThreadSnapshot> Threads { get; init; } = [];

    /// <summary>Null when TLS is off.</summary>
    public TlsSnapshot? Tls { get; init; }

    /// <summary>Clients and connectors that were told of each other.</summary>
    public long IntroductionCount { get; init; }

    /// <summary>Queries for names.</summary>
    public NameCounts NameCounts { get; init; }

    public IEnumerable<(string Reason, long Count)> RelayDrops => Drops.Take(RelayReasons.Length);

    public IEnumerable<(string Reason, long Count)> DeviceDrops => Drops.Skip(RelayReasons.Length).Select(drop => (drop.Reason[DevicePrefix.Length..], drop.Count));

    public static RelaySnapshot Take(RelayState state, long now)
    {
        var drops = new (string Reason, long Count)[Names.Length];
        for (int i = 0; i < RelayReasons.Length; i++)
            drops[i] = (Names[i], state.DropCount(RelayReasons[i]));
        for (int i = 0; i < DeviceReasons.Length; i++)
            drops[RelayReasons.Length + i] = (Names[RelayReasons.Length + i], state.DropCount(DeviceReasons[i]));
        return new RelaySnapshot(
            now,
            state.Revision >= 0,
            state.IsGateway,
            state.FlowCount,
            state.Forwarding.Count,
            state.ForwardedCount,
            state.ForwardedBytes,
            state.Describe(now),
            drops)
        {
            IntroductionCount = state.IntroductionCount,
            NameCounts = state.NameCounts,
        };
    }
}
