namespace Keyhole.Net;

/// <summary>Sends batches from the address of a <see cref="IDatagramSocket"/>. One thread at a time uses it.</summary>
public interface IDatagramSender : IDisposable
{
    /// <summary>
    /// Sends everything in the batch in order and empties it. Never blocks and never stops at a refusal: what the
    /// system does not take is counted and dropped.
    /// </summary>
    void Send(SendBatch batch);
}
