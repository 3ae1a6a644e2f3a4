namespace Keyhole.Tunnel;

/// <summary>
/// Fairness between agents while a thread has more than it can take (threat 8): a limit on what one agent sends per window, lowered while the overload lasts and
/// raised when it is over, but never below an equal share of what was forwarded. Who sends less than the limit notices nothing.
/// </summary>
internal sealed class AgentShares(int maximumAgents)
{
    private const long Window = 10_000;
    private const long Unlimited = long.MaxValue / 4;

    // Per agent: the window that its bytes were counted in, and the bytes.
    private readonly (int Window, uint Bytes)[] _agents = new (int, uint)[maximumAgents];
    private int _window;
    private long _windowEnd;
    private long _limit = Unlimited;

    // Of this window.
    private long _taken;
    private long _greatest;
    private int _active;
    private bool _wasOverloaded;

    /// <summary>Whether a limit is in force, or being found.</summary>
    public bool IsLimiting { get; private set; }

    /// <summary>False when the agent has had its share of this window.</summary>
    public bool TryTake(int agent, int bytes, long now, bool isOverloaded)
    {
        if (now >= _windowEnd || !IsLimiting)
            BeginWindow(now);
        _wasOverloaded |= isOverloaded;
        ref var share = ref _agents[agent];
        if (share.Window != _window)
        {
            share = (_window, 0);
            _active++;
        }

        if (share.Bytes > 0 && share.Bytes + (long)bytes > _limit)
            return false;
        share.Bytes += (uint)bytes;
        _greatest = Math.Max(_greatest, share.Bytes);
        _taken += bytes;
        return true;
    }

    private void BeginWindow(long now)
    {
        if (!IsLimiting)
            _limit = Unlimited;
        else if (_wasOverloaded)
            _limit = Math.Max(Math.Min(_limit, _greatest) / 8 * 7, _taken / Math.Max(_active, 1));
        else
            _limit = Math.Min(_limit + _limit / 4, Unlimited);

        // When nobody comes near the limit any more, it is over.
        IsLimiting = !IsLimiting || _wasOverloaded || _limit / 2 < _greatest;
        _window++;
        _windowEnd = now + Window;
        _taken = _greatest = _active = 0;
        _wasOverloaded = false;
    }
}
