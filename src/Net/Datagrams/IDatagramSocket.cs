using Keyhole.Packets;

namespace Keyhole.Net;

/// <summary>
/// A UDP socket whose unit is the batch. One thread owns it; only counters are read from others, who send by a sender of their own.
/// </summary>
public interface IDatagramSocket : IPollable, IDatagramSender
{
    /// <summary>Where it is bound, with the port that the system chose.</summary>
    IpEndpoint Local { get; }

    DatagramCapabilities Capabilities { get; }

    DatagramCounters Counters { get; }

    /// <summary>More than half of the receive buffer is in use: datagrams come faster than they are taken. Costs a system call.</summary>
    bool IsBacklogged { get; }

    /// <summary>
    /// Fills the batch with what has arrived and returns the number of messages. Waits for the first one at most
    /// <paramref name="timeoutMilliseconds"/> (0 not at all, -1 for ever); 0 means that nothing came.
    /// </summary>
    int Receive(ReceiveBatch batch, int timeoutMilliseconds);

    /// <summary>A sender for another thread: it sends from this socket's address while the owner receives and sends. It ends before the socket does.</summary>
    IDatagramSender OpenSender();
}
