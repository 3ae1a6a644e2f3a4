using Keyhole.Tunnel;

namespace Keyhole.Edge.Tests;

public class NetworkWatchTests
{
    [Fact]
    public async Task The_addresses_are_told_at_first_without_those_of_the_loopback()
    {
        var told = new TaskCompletionSource<IReadOnlyList<LocalAddress>>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var watch = new NetworkWatch(null, addresses =>
        {
            told.TrySetResult(addresses);
            return Task.CompletedTask;
        });
        var addresses = await told.Task.WaitAsync(TimeSpan.FromMinutes(1));
        Assert.DoesNotContain(addresses, address => address.Address.ToString() is "127.0.0.1" or "::1");
        Assert.All(addresses, address => Assert.InRange(address.PrefixLength, 0, address.Address.BitLength));
    }

    [Fact]
    public async Task It_goes_on_after_something_unexpected_and_counts_it()
    {
        int count = 0;
        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var watch = new NetworkWatch(null, _ =>
        {
            if (++count == 1)
                throw new InvalidOperationException("for once");
            told.TrySetResult();
            return Task.CompletedTask;
        });
        await told.Task.WaitAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(1, watch.FaultCount);
    }

    [Fact]
    public async Task It_ends_while_somebody_is_being_told()
    {
        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var watch = new NetworkWatch("none0", async _ =>
        {
            told.TrySetResult();
            await Task.Yield();
        });
        await told.Task.WaitAsync(TimeSpan.FromMinutes(1));
        await watch.DisposeAsync();
    }
}
