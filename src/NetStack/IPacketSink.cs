using Keyhole.Packets;

namespace Keyhole.NetStack;

/// <summary>Where the stack writes the IP packets it sends: rent a span, write, commit. A span that is not committed was never sent.</summary>
public interface IPacketSink
{
    /// <summary>
    /// A span of exactly <paramref name="length"/> bytes for one IP packet to <paramref name="peer"/>, or an empty span when
    /// none is to be had now. It is valid until the next call on the sink.
    /// </summary>
    Span<byte> Rent(int peer, int length);

    /// <summary>Sends the first <paramref name="length"/> bytes of the span rented last.</summary>
    void Commit(int peer, int length);

    /// <summary>False while packets to this peer would only queue up: the stack then holds its output until a later Flush.</summary>
    bool CanSend(int peer);

    /// <summary>How long packets of this flow may be. Asked once per burst; where it falls between two, <see cref="TcpStack.PathChanged"/> tells the stack.</summary>
    /// <param name="flow">The key of the packets that go out.</param>
    FlowMtu MtuOf(int peer, in FlowKey flow) => FlowMtu.Unbounded;
}
