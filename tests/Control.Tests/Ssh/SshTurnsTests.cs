namespace Keyhole.Control.Tests;

public class SshTurnsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly ManualTime _time = new();
    private readonly SshTurns _turns;

    public SshTurnsTests() => _turns = new SshTurns(_time);

    private Task<IDisposable?> Take(int resource = 7, CancellationToken cancelled = default) => _turns.TakeAsync(resource, Patience, cancelled);

    [Fact]
    public async Task One_host_has_three_turns_others_have_theirs_and_who_comes_too_many_is_told_at_once()
    {
        var taken = Enumerable.Range(0, SshTurns.AtOnce + SshTurns.Waiting).Select(_ => Take()).ToList();
        Assert.Equal(SshTurns.AtOnce, taken.Count(turn => turn.IsCompleted));
        Assert.Null(await Take());
        Assert.NotNull(await Take(8));
        (await taken[1])!.Dispose();
        Assert.NotNull(await taken[SshTurns.AtOnce]);
        var last = Take();
        foreach (var turn in taken.Where((_, i) => i != 1))
            (await turn)!.Dispose();
        (await last)!.Dispose();
        Assert.Equal(SshTurns.AtOnce, Enumerable.Range(0, 5).Select(_ => Take()).Count(turn => turn.IsCompleted));
    }

    [Fact]
    public async Task Whoever_waits_in_vain_or_goes_leaves_its_place()
    {
        var taken = Enumerable.Range(0, SshTurns.AtOnce).Select(_ => Take()).ToList();
        using var gone = new CancellationTokenSource();
        var (waiting, leaving) = (Take(), Take(cancelled: gone.Token));
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaving);
        _time.Advance(Patience - TimeSpan.FromMilliseconds(1));
        Assert.False(waiting.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Null(await waiting);
        var next = Take();
        (await taken[0])!.Dispose();
        Assert.NotNull(await next);
    }
}
