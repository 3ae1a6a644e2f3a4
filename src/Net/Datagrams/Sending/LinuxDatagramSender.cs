namespace Keyhole.Net;

/// <summary>A second way out of a <see cref="LinuxDatagramSocket"/>, with message headers of its own.</summary>
internal sealed class LinuxDatagramSender(DatagramTransmitter transmitter) : IDatagramSender
{
    public void Send(SendBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        batch.AssertReferencesLive();
        transmitter.Send(batch);
        batch.Clear();
    }

    public void Dispose() => transmitter.Dispose();
}
