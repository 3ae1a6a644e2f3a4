using Keyhole.Packets;

namespace Keyhole.Net;

/// <summary>A UDP socket whose unit is the batch. One thread owns it; only counters are read from others.</summary>
public interface IDatagramSocket : IPollable, IDisposable
{
    /// <summary>Where it is bound, with the port that the system chose.</summary>
    IpEndpoint Local { get; }

    DatagramCapabilities Capabilities { get; }

    DatagramCounters Counters { get; }

    /// <summary>
    /// Fills the batch with what has arrived and returns the number of messages. Waits for the first one at most
    /// <paramref name="timeoutMilliseconds"/> (0 not at all, -1 for ever); 0 means that nothing came.
    /// </summary>
    int Receive(ReceiveBatch batch, int timeoutMilliseconds);

    /// <summary>
    /// Sends everything in the batch in order and empties it. Never blocks and never stops at a refusal: what the
    /// system does not take is counted and dropped.
    /// </summary>
    void Send(SendBatch batch);
}
