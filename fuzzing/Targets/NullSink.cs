using Keyhole.NetStack;
using Keyhole.Packets;

namespace Keyhole.Fuzz;

/// <summary>Takes packets of a stack and checks that each is one.</summary>
internal sealed class NullSink : IPacketSink
{
    private readonly byte[] _buffer = new byte[65_536];

    private int _rented = -1;

    internal int Count { get; private set; }

    /// <summary>Packets taken until the sink is full; it says so and refuses.</summary>
    internal int Room { get; set; } = int.MaxValue;

    public Span<byte> Rent(int peer, int length)
    {
        if (Count >= Room)
            return default;
        _rented = length;
        return _buffer.AsSpan(0, length);
    }

    public void Commit(int peer, int length)
    {
        Promise.Holds(length <= _rented);
        _rented = -1;
        Count++;
        Promise.Holds(IpView.TryParse(_buffer.AsSpan(0, length), out var packet));
        Promise.Holds(packet.TotalLength == length);
    }

    public bool CanSend(int peer) => Count < Room;
}
