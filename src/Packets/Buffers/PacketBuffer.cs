namespace Keyhole.Packets;

/// <summary>
/// The owner of one buffer of a <see cref="PacketPool"/>. Exactly one copy owns: pass it on with <see cref="Move"/>, give it back with
/// <see cref="Return"/>, let others look with <see cref="Lend"/>. The default value owns nothing.
/// </summary>
public struct PacketBuffer
{
    private readonly int _index;
    private PacketPool? _pool;
    private uint _generation;
    private int _length;

    internal PacketBuffer(PacketPool pool, int index, uint generation)
    {
        _pool = pool;
        _index = index;
        _generation = generation;
    }

    /// <summary>False for the default value and after <see cref="Move"/> or <see cref="Return"/>.</summary>
    public readonly bool IsOwner => _pool is not null;

    /// <summary>Of the packet, 0 to <see cref="PacketPool.PacketLength"/>.</summary>
    public int Length
    {
        readonly get => _length;
        set
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)value, (uint)Pool.PacketLength, nameof(value));
            _length = value;
        }
    }

    /// <summary>The packet, without head and tail room.</summary>
    public readonly Span<byte> Packet => Room.Slice(Pool.HeadRoom, _length);

    /// <summary>Head room, the longest packet, and tail room: <see cref="Packet"/> begins at <see cref="PacketPool.HeadRoom"/>.</summary>
    public readonly Span<byte> Room
    {
        get
        {
            Pool.CheckOwner(_index, _generation);
            return Pool.Whole(_index);
        }
    }

    private readonly PacketPool Pool
    {
        get
        {
            if (_pool is null)
                Throw.Ownership("This packet buffer owns nothing.");
            return _pool;
        }
    }

    /// <summary>Hands the ownership to the copy that is returned; this one owns nothing from here on.</summary>
    public PacketBuffer Move()
    {
        var moved = this;
        moved._generation = Pool.Move(_index, _generation);
        _pool = null;
        return moved;
    }

    /// <summary>Lets somebody look until the loan is disposed of. Meanwhile the buffer can be neither moved nor returned.</summary>
    public readonly PacketLoan Lend()
    {
        var packet = Packet;
        Pool.BeginLoan(_index, _generation);
        return new PacketLoan(Pool, _index, packet);
    }

    /// <summary>Gives the buffer back to its pool.</summary>
    public void Return()
    {
        Pool.Return(_index, _generation);
        _pool = null;
    }
}
