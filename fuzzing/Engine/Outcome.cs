namespace Keyhole.Fuzz;

/// <summary>Gathers what an input did into one number.</summary>
internal struct Outcome
{
    private const ulong Prime = 0x100_0000_01B3;

    private ulong _hash;

    public readonly ulong Value => _hash;

    public void Add(long what) => _hash = (_hash ^ (ulong)what ^ 0xCBF2_9CE4_8422_2325) * Prime;

    public void Add(bool what) => Add(what ? 1 : 2);

    /// <summary>A count as its order of magnitude, so that each one more is not news.</summary>
    public void AddScale(long count) => Add(64 - long.LeadingZeroCount(Math.Abs(count)));
}
