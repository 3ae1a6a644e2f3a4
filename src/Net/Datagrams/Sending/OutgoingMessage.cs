using Keyhole.Packets;

namespace Keyhole.Net;

/// <summary>One message of a send batch: a datagram, or a run of equally long ones to one destination.</summary>
internal struct OutgoingMessage
{
    internal IpEndpoint Destination;
    /// <summary>The local address to send from; [::] leaves it to the system.</summary>
    internal IpAddress Source;
    internal int Length;
    internal int SegmentSize;
    internal int Segments;
    internal int Vectors;
    internal byte TrafficClass;
    /// <summary>Nothing may be appended any more: the last datagram is shorter than the others.</summary>
    internal bool Closed;
    /// <summary>One datagram that no host and no router may cut in fragments.</summary>
    internal bool Whole;
}
