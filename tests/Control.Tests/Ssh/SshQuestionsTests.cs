namespace Keyhole.Control.Tests;

public class SshQuestionsTests
{
    private static readonly SshAccountOrder Order = new(1, "ada", "ada@example.com", null, null);
    private static readonly SshAccount Account = new("ada", "keyhole:…");

    private readonly ManualTime _time = new();
    private readonly SshQuestions _questions = new();

    private Task<SshOutcome> Ask(CancellationToken cancelled = default) => _questions.AskAsync(7, Order, SshProvisioning.Patience, _time, cancelled);

    [Fact]
    public async Task Every_order_gets_the_answer_to_itself()
    {
        var (first, second) = (Ask(), Ask());
        var (one, two) = (_questions.Next()!, _questions.Next()!);
        Assert.Null(_questions.Next());
        Assert.Equal((7, Order), (one.Resource, one.Order));
        _questions.Answer(new SshProvisionedMessage(two.Request, null, "no"));
        _questions.Answer(new SshProvisionedMessage(99, Account));
        _questions.Answer(new SshProvisionedMessage(one.Request, Account));
        _questions.Answer(new SshProvisionedMessage(one.Request, null, "too late"));
        Assert.Equal(new SshOutcome(SshOutcomeKind.Answered, Account), await first);
        Assert.Equal(new SshOutcome(SshOutcomeKind.Answered, null, "no"), await second);
    }

    [Fact]
    public async Task An_answer_is_waited_for_so_long_and_one_that_comes_later_says_nothing()
    {
        var asked = Ask();
        var order = _questions.Next()!;
        _time.Advance(SshProvisioning.Patience - TimeSpan.FromMilliseconds(1));
        Assert.False(asked.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(SshOutcomeKind.Late, (await asked).Kind);
        _questions.Answer(new SshProvisionedMessage(order.Request, Account));

        // Nobody is asked on behalf of one who has gone.
        using var gone = new CancellationTokenSource();
        var given = Ask(gone.Token);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given);
        Assert.Null(_questions.Next());
    }

    [Fact]
    public async Task The_end_of_a_connection_says_which_orders_were_sent()
    {
        var sent = Ask();
        Assert.NotNull(_questions.Next());
        var waiting = Ask();
        _questions.End();
        Assert.Equal(SshOutcomeKind.Lost, (await sent).Kind);
        Assert.Equal(SshOutcomeKind.NotSent, (await waiting).Kind);
        Assert.Equal(SshOutcomeKind.NotSent, (await Ask()).Kind);
        Assert.Null(_questions.Next());
    }

    [Fact]
    public async Task One_connection_takes_so_many_orders_at_once_and_no_more()
    {
        var asked = Enumerable.Range(0, 100).Select(_ => Ask()).ToList();
        Assert.Equal(36, asked.Count(task => task.IsCompleted));
        _questions.End();
        Assert.All(await Task.WhenAll(asked), outcome => Assert.Equal(SshOutcomeKind.NotSent, outcome.Kind));
    }
}
