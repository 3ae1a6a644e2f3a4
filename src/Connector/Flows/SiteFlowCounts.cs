using Keyhole.Tunnel;

namespace Keyhole.Connector;

/// <summary>Counters of <see cref="SiteFlows"/>, written by the data thread and read by others.</summary>
internal sealed class SiteFlowCounts
{
    private static readonly int s_verdicts = Enum.GetValues<AccessVerdict>().Length;
    private readonly long[] _denied = new long[s_verdicts];

    /// <summary>TCP flows, dials included.</summary>
    public int TcpOpen { get; internal set; }

    public int UdpOpen { get; internal set; }

    public int EchoOpen { get; internal set; }

    /// <summary>Dials that the target refused, that found no way, or that took too long.</summary>
    public long DialFailures { get; internal set; }

    /// <summary>Targets whose address may not be dialled, or whose name has no address.</summary>
    public long TargetsRefused { get; internal set; }

    /// <summary>Flows that could not be opened since the process has no file handle left.</summary>
    public long HandlesExhausted { get; internal set; }

    /// <summary>Packets that were no IP packet, or of a protocol that is not carried.</summary>
    public long Malformed { get; internal set; }

    /// <summary>Flows that ended since their grant did.</summary>
    public long Cut { get; internal set; }

    /// <summary>New flows that were refused, by reason.</summary>
    public long Denied(AccessVerdict verdict) => _denied[(int)verdict];

    internal void Deny(AccessVerdict verdict) => _denied[(int)verdict]++;
}
