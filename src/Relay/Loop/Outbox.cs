using Keyhole.Net;
using Keyhole.Packets;

namespace Keyhole.Relay;

/// <summary>
/// What one thread has to send, and the ways it leaves by: the socket, or the TLS connection that an address of 100::/64 stands for. When the batch is full
/// it goes, and filling goes on.
/// </summary>
internal sealed class Outbox(IDatagramSender sender, SendBatch batch, LocalAddresses locals, StreamTable streams) : IDisposable
{
    private readonly StreamOutbox _streams = new(streams);

    // Where the datagram that is being dealt with came from, and the address of this host that it was sent to.
    private IpEndpoint _source;
    private IpAddress _local;

    /// <summary>An answer to this datagram leaves from the address that it came to: another one would not pass the asker's NAT.</summary>
    public void BeginAnswer(in DatagramRun run)
    {
        _source = run.Source;
        _local = run.Local;
    }

    /// <summary>What follows answers nothing.</summary>
    public void EndAnswer() => (_source, _local) = (default, default);

    /// <summary>Copies a datagram behind what waits already.</summary>
    public void Copy(in IpEndpoint destination, ReadOnlySpan<byte> datagram)
    {
        if (destination.Address.IsDiscardOnly)
        {
            _streams.Send(destination, datagram);
            return;
        }

        while (!batch.TryCopy(destination, datagram, 0, LocalFor(destination)))
            sender.Send(batch);
    }

    /// <summary>Sends a run on from where it was received: before the next receive, <see cref="Flush"/>.</summary>
    public void Forward(in DatagramRun run, in IpEndpoint destination)
    {
        if (destination.Address.IsDiscardOnly)
        {
            _streams.Send(destination, run);
            return;
        }

        while (!batch.TryEnqueue(run, destination, locals.For(destination)))
            sender.Send(batch);
    }

    /// <summary>Sends on what the state left in the place of a received datagram.</summary>
    public void Forward(ReceiveBatch received, ReadOnlySpan<byte> datagram, in IpEndpoint destination, byte trafficClass)
    {
        if (destination.Address.IsDiscardOnly)
        {
            _streams.Send(destination, datagram);
            return;
        }

        while (!batch.TryEnqueue(received, datagram, destination, trafficClass, LocalFor(destination)))
            sender.Send(batch);
    }

    public void Flush()
    {
        _streams.Flush();
        if (!batch.IsEmpty)
            sender.Send(batch);
    }

    /// <summary>The sender is its owner's to dispose of.</summary>
    public void Dispose() => batch.Dispose();

    private IpAddress LocalFor(in IpEndpoint destination) => destination == _source ? _local : locals.For(destination);
}
