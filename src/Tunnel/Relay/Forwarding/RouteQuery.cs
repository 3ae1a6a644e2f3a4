using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <summary>One of several look-ups that <see cref="ForwardingTable"/> makes together: the question, and its answer as <see cref="ForwardingTable.TryRoute"/> gives it.</summary>
internal struct RouteQuery
{
    public IpEndpoint Source;
    public uint ReceiverIndex;

    public bool IsRouted;
    public int From;
    public int To;
    public IpEndpoint Destination;

    // Between two steps: of the address, then of the entry; and where a line begins that the next step reads.
    public ulong Hash;
    public int Place;

    /// <summary>What was called for; nobody reads it, but the loads must have an end.</summary>
    public ulong Near;
}
