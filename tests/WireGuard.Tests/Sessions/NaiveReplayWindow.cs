namespace Keyhole.WireGuard.Tests;

/// <summary>The replay window by its definition: every counter ever accepted, and how far behind the greatest one may be.</summary>
internal sealed class NaiveReplayWindow(int length)
{
    private readonly HashSet<ulong> _seen = [];
    private ulong _greatest;

    public bool TryAccept(ulong counter)
    {
        if (counter < _greatest && _greatest - counter > (ulong)length)
            return false;
        if (!_seen.Add(counter))
            return false;
        _greatest = Math.Max(_greatest, counter);
        return true;
    }
}
