namespace Keyhole.Net.Tests;

/// <summary>A registered socket that notes what was reported.</summary>
internal sealed class Watched : IReadinessHandler, IDisposable
{
    private const long Patience = 5_000_000;

    private readonly EventLoop _loop;
    private readonly IPollable _pollable;

    internal Watched(EventLoop loop, IPollable pollable, Readiness interest)
    {
        _loop = loop;
        _pollable = pollable;
        loop.Add(pollable, interest, this);
    }

    internal NonBlockingSocket Socket => (NonBlockingSocket)_pollable;

    internal Readiness Seen { get; private set; }

    internal Action? OnReadyAction { get; set; }

    public void OnReady(Readiness readiness)
    {
        Seen |= readiness;
        OnReadyAction?.Invoke();
    }

    public void Dispose()
    {
        if (_pollable.Handle >= 0)
            _loop.Remove(_pollable);
        (_pollable as IDisposable)?.Dispose();
    }

    internal void SetInterest(Readiness interest) => _loop.SetInterest(_pollable, interest);

    internal void Clear() => Seen = Readiness.None;

    /// <summary>One wait of at most this long; what was reported in it.</summary>
    internal Readiness Turn(long microseconds)
    {
        Clear();
        _loop.RunOnce(MonotonicClock.Now + microseconds);
        return Seen;
    }

    internal void Await(Readiness readiness)
    {
        long end = MonotonicClock.Now + Patience;
        while ((Seen & readiness) == Readiness.None)
        {
            if (MonotonicClock.Now >= end)
                Assert.Fail($"never ready to {readiness}");
            _loop.RunOnce(end);
        }
    }
}
