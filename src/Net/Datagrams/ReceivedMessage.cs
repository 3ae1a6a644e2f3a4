using Keyhole.Packets;

namespace Keyhole.Net;

/// <summary>One message of a receive batch: a datagram, or a run of them that the kernel merged.</summary>
internal unsafe struct ReceivedMessage
{
    internal byte* Start;
    internal int Length;
    /// <summary>Length of each datagram but the last, which may be shorter.</summary>
    internal int SegmentSize;
    internal IpEndpoint Source;
    internal IpAddress Local;
    internal byte TrafficClass;
    /// <summary>It came in several IP fragments, which the system has put together.</summary>
    internal bool IsFragmented;
}
