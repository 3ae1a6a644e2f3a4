using Keyhole.Net;
using Keyhole.Tunnel;

namespace Keyhole.Relay;

/// <summary>What one data thread has counted.</summary>
/// <param name="AllocatedBytes">Managed bytes that the thread has allocated since it started.</param>
/// <param name="ForwardedCount">Datagrams between two agents, sent on unseen.</param>
/// <param name="Drops">Every reason for which the thread itself dropped such datagrams.</param>
internal sealed record ThreadSnapshot(DatagramCounters Socket, long AllocatedBytes, long ForwardedCount, long ForwardedBytes, (string Reason, long Count)[] Drops)
{
    private static readonly ForwardDropReason[] Reasons = [.. Enum.GetValues<ForwardDropReason>().Skip(1)];

    /// <summary>Datagrams that one call of the system brought, on average.</summary>
    public double BatchFill => Socket.ReceiveCalls == 0 ? 0 : (double)Socket.ReceivedDatagrams / Socket.ReceiveCalls;

    public static ThreadSnapshot Take(DataThread thread) => new(
        thread.Socket.Counters,
        thread.AllocatedBytes,
        thread.Forwarder.ForwardedCount,
        thread.Forwarder.ForwardedBytes,
        [.. Reasons.Select(reason => (reason.ToString(), thread.Forwarder.DropCount(reason)))]);
}
