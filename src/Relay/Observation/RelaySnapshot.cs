using Keyhole.Tunnel;
using Keyhole.WireGuard;

namespace Keyhole.Relay;

/// <summary>What the data thread gives away of itself: taken there, made into words elsewhere.</summary>
/// <param name="AllocatedBytes">Managed bytes that the data thread has allocated since it started, this snapshot not included.</param>
/// <param name="Drops">Every reason of the relay, then every reason of its WireGuard device as "WireGuard.…".</param>
internal sealed record RelaySnapshot(
    long Now,
    long AllocatedBytes,
    bool HasTable,
    bool IsGateway,
    int FlowCount,
    long ForwardedCount,
    long ForwardedBytes,
    IReadOnlyList<RelayAgentStatus> Agents,
    (string Reason, long Count)[] Drops)
{
    private const string DevicePrefix = "WireGuard.";

    private static readonly RelayDropReason[] RelayReasons = [.. Enum.GetValues<RelayDropReason>().Skip(1)];
    private static readonly DropReason[] DeviceReasons = [.. Enum.GetValues<DropReason>().Skip(1)];
    private static readonly string[] Names = [.. RelayReasons.Select(reason => reason.ToString()), .. DeviceReasons.Select(reason => DevicePrefix + reason)];

    public IEnumerable<(string Reason, long Count)> RelayDrops => Drops.Take(RelayReasons.Length);

    public IEnumerable<(string Reason, long Count)> DeviceDrops => Drops.Skip(RelayReasons.Length).Select(drop => (drop.Reason[DevicePrefix.Length..], drop.Count));

    public static RelaySnapshot Take(RelayState state, long now)
    {
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        var drops = new (string Reason, long Count)[Names.Length];
        for (int i = 0; i < RelayReasons.Length; i++)
            drops[i] = (Names[i], state.DropCount(RelayReasons[i]));
        for (int i = 0; i < DeviceReasons.Length; i++)
            drops[RelayReasons.Length + i] = (Names[RelayReasons.Length + i], state.DropCount(DeviceReasons[i]));
        return new RelaySnapshot(
            now,
            allocated,
            state.Revision >= 0,
            state.IsGateway,
            state.FlowCount,
            state.ForwardedCount,
            state.ForwardedBytes,
            state.Describe(now),
            drops);
    }
}
