namespace Keyhole.Packets;

/// <summary>Somebody else's packet, to be read until <see cref="Dispose"/>. It cannot outlive the frame that took it.</summary>
public ref struct PacketLoan
{
    private readonly int _index;
    private PacketPool? _pool;

    internal PacketLoan(PacketPool pool, int index, ReadOnlySpan<byte> packet)
    {
        _pool = pool;
        _index = index;
        Packet = packet;
    }

    public ReadOnlySpan<byte> Packet { get; private set; }

    public void Dispose()
    {
        _pool?.EndLoan(_index);
        _pool = null;
        Packet = default;
    }
}
