namespace Keyhole.Net;

/// <summary>Shares the one way out of a <see cref="PortableDatagramSocket"/>, whose lock keeps the batches apart.</summary>
internal sealed class PortableDatagramSender(PortableDatagramSocket socket) : IDatagramSender
{
    public void Send(SendBatch batch) => socket.Send(batch);

    public void Dispose()
    {
    }
}
