namespace Keyhole.NetStack;

/// <summary>What a <see cref="UdpFlowTable"/> or an <see cref="IcmpEchoTable"/> has counted since it was built.</summary>
public sealed class DatagramCounters
{
    private readonly long[] _dropped = new long[Enum.GetValues<DatagramDropReason>().Length];
    private readonly long[] _closed = new long[Enum.GetValues<DatagramCloseReason>().Length];

    public long Opened { get; internal set; }

    public long DatagramsReceived { get; internal set; }

    public long DatagramsSent { get; internal set; }

    /// <summary>Replies that did not fit into one packet.</summary>
    public long RepliesFragmented { get; internal set; }

    /// <summary>ICMP errors sent to peers.</summary>
    public long ErrorsSent { get; internal set; }

    /// <summary>Datagrams that went nowhere for this reason.</summary>
    public long Dropped(DatagramDropReason reason) => _dropped[(int)reason];

    /// <summary>Flows that ended for this reason.</summary>
    public long Closed(DatagramCloseReason reason) => _closed[(int)reason];

    internal void Drop(DatagramDropReason reason) => _dropped[(int)reason]++;

    internal void Close(DatagramCloseReason reason) => _closed[(int)reason]++;
}
