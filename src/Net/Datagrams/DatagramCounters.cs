namespace Keyhole.Net;

/// <summary>Counts since the socket was opened. Read from any thread; a value may be a moment old.</summary>
public readonly record struct DatagramCounters
{
    public long ReceiveCalls { get; init; }

    public long ReceivedMessages { get; init; }

    public long ReceivedDatagrams { get; init; }

    public long ReceivedBytes { get; init; }

    /// <summary>Messages dropped since they were longer than a receive buffer, or their control data was.</summary>
    public long Truncated { get; init; }

    /// <summary>Datagrams that the system dropped since the receive buffer was full: we were too slow, or the buffer too small.</summary>
    public long Overflowed { get; init; }

    /// <summary>Bytes of the receive buffer in use now, as the system accounts for them.</summary>
    public long ReceiveQueueLength { get; init; }

    /// <summary>Bytes of the send buffer in use now.</summary>
    public long SendQueueLength { get; init; }

    public long SendCalls { get; init; }

    public long SentMessages { get; init; }

    public long SentDatagrams { get; init; }

    public long SentBytes { get; init; }

    /// <summary>Datagrams dropped since the system had no room for them.</summary>
    public long SendDropped { get; init; }

    /// <summary>Datagrams that the system refused for another reason: no route, a firewall, too long.</summary>
    public long SendRefused { get; init; }

    /// <summary>Runs that had to be sent one by one since the system refused them as a whole.</summary>
    public long OffloadRefused { get; init; }

    /// <summary>errno of the last refusal, 0 when there was none.</summary>
    public int LastErrno { get; init; }
}
