using Keyhole.NetStack;
using Keyhole.Packets;

namespace Keyhole.Fuzz;

/// <summary>Takes what a stack sends, checks that each packet is valid, and notes what its peer would learn from it.</summary>
internal sealed class TcpWire : IPacketSink
{
    private readonly byte[] _buffer = new byte[65_536];

    internal int Count { get; private set; }

    internal int Room { get; set; } = int.MaxValue;

    /// <summary>Of the last SYN that the stack sent.</summary>
    internal uint ServerIsn { get; private set; }

    /// <summary>Behind the last segment that the stack sent.</summary>
    internal uint ServerNext { get; private set; }

    public Span<byte> Rent(int peer, int length) => Count >= Room ? default : _buffer.AsSpan(0, length);

    public void Commit(int peer, int length)
    {
        Count++;
        Promise.Holds(IpView.TryParse(_buffer.AsSpan(0, length), out var packet));
        Promise.Holds(packet.TotalLength == length);
        if (packet.Protocol != IpProtocol.Tcp)
            return;
        Promise.Holds(TcpView.TryParse(packet.Payload, out var tcp));
        Promise.Holds(tcp.IsChecksumValid(packet.Source, packet.Destination));
        Promise.Holds(tcp.TryGetOptions(out _));
        if ((tcp.Flags & TcpFlags.Syn) != 0)
            ServerIsn = tcp.SequenceNumber;
        ServerNext = tcp.SequenceNumber + (uint)tcp.Payload.Length + ((tcp.Flags & (TcpFlags.Syn | TcpFlags.Fin)) != 0 ? 1u : 0);
    }

    public bool CanSend(int peer) => Count < Room;
}
