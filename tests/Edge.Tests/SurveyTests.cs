using Microsoft.Extensions.Logging.Abstractions;

namespace Keyhole.Edge.Tests;

public class SurveyTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [Fact]
    [Trait("Promise", "D3"), Trait("Threat", "19")]
    public async Task A_turn_that_fails_is_counted_and_the_next_one_comes()
    {
        int count = 0;
        var fourth = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var survey = new Survey(Interval, NullLogger.Instance, _ =>
        {
            switch (++count)
            {
                case 1:
                    throw new FileNotFoundException("/sys/class/net/veth0/mtu");
                case 2:
                    return Task.FromCanceled(new CancellationToken(true));
                case 3:
                    return Task.FromException(new ArgumentException("An invalid IP address was specified."));
                default:
                    fourth.TrySetResult();
                    return Task.CompletedTask;
            }
        });
        await fourth.Task.WaitAsync(Patience);
        Assert.Equal(3, survey.FaultCount);
    }

    [Fact]
    public async Task It_ends_with_a_turn_that_fails_and_nobody_hears_of_it()
    {
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var survey = new Survey(Interval, NullLogger.Instance, async stop =>
        {
            begun.TrySetResult();
            await Task.Delay(Timeout.Infinite, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw new InvalidOperationException("at the end");
        });
        await begun.Task.WaitAsync(Patience);
        await survey.DisposeAsync().AsTask().WaitAsync(Patience);
        Assert.Equal(0, survey.FaultCount);
    }
}
