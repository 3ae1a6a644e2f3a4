namespace Keyhole.Tunnel;

/// <summary>With whom an agent had sessions, the last first: mac1 of its next initiation is tried in this order (docs/protocol.md, rule 7).</summary>
internal sealed class RecentCounterparts
{
    /// <summary>Most that are remembered.</summary>
    public const int Capacity = 16;

    private readonly AgentSlot?[] _slots = new AgentSlot?[Capacity];
    private int _count;

    public ReadOnlySpan<AgentSlot?> Slots => _slots.AsSpan(0, _count);

    /// <summary>Puts a counterpart in front; the one that was not used for longest gives way.</summary>
    public void Touch(AgentSlot slot)
    {
        int at = Slots.IndexOf(slot);
        if (at < 0)
            at = _count < Capacity ? _count++ : Capacity - 1;
        Array.Copy(_slots, 0, _slots, 1, at);
        _slots[0] = slot;
    }
}
