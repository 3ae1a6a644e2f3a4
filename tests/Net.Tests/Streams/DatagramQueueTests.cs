namespace Keyhole.Net.Tests;

/// <summary>What waits for a stream is bounded by bytes and by age, and the newest goes.</summary>
public class DatagramQueueTests
{
    private const long Millisecond = 1_000;

    private readonly DatagramQueue _queue = new();
    private readonly byte[] _datagram = new byte[1_022];

    [Fact]
    public async Task All_that_waits_is_taken_at_once_and_in_order()
    {
        Assert.True(_queue.TryEnqueue([1, 2, 3], 0));
        Assert.True(_queue.TryEnqueue([4], 1));
        var waiting = _queue.WaitAsync();
        Assert.True(waiting.IsCompleted);
        await waiting;
        Assert.Equal<byte[]>([0, 3, 1, 2, 3, 0, 1, 4], _queue.Take().ToArray());
        _queue.Done();
        Assert.Equal(2, _queue.Count);
    }

    [Fact]
    public async Task The_writer_sleeps_until_a_flush()
    {
        var waiting = _queue.WaitAsync().AsTask();
        Assert.True(_queue.TryEnqueue([1], 0));
        Assert.False(waiting.IsCompleted);
        _queue.Flush();
        await waiting.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(3, _queue.Take().Length);
    }

    [Fact]
    public void Beyond_64_KiB_the_newest_is_dropped_whether_it_waits_or_is_written()
    {
        for (int i = 0; i < DatagramQueue.MaximumLength / 1024; i++)
            Assert.True(_queue.TryEnqueue(_datagram, 0));
        Assert.False(_queue.TryEnqueue([1], 0));
        Assert.Equal(1, _queue.DropCount);
        Assert.Equal(DatagramQueue.MaximumLength, _queue.Take().Length);
        Assert.False(_queue.TryEnqueue([1], 0));
        _queue.Done();
        Assert.True(_queue.TryEnqueue([1], 0));
    }

    [Fact]
    public void When_the_oldest_has_waited_50_ms_the_newest_is_dropped()
    {
        Assert.True(_queue.TryEnqueue(_datagram, 0));
        Assert.True(_queue.TryEnqueue(_datagram, 50 * Millisecond));
        Assert.False(_queue.TryEnqueue(_datagram, 51 * Millisecond));
        Assert.Equal(0, 2048 - _queue.Take().Length);
        Assert.Equal(0, _queue.BusySince);
        Assert.False(_queue.TryEnqueue(_datagram, 51 * Millisecond));
        _queue.Done();
        Assert.Equal(long.MaxValue, _queue.BusySince);
        Assert.True(_queue.TryEnqueue(_datagram, 51 * Millisecond));
    }

    [Fact]
    public void Nothing_is_taken_that_a_head_cannot_say()
    {
        Assert.False(_queue.TryEnqueue([], 0));
        Assert.False(_queue.TryEnqueue(new byte[DatagramFraming.MaximumLength + 1], 0));
        Assert.True(_queue.TryEnqueue(new byte[DatagramFraming.MaximumLength], 0));
    }

    [Fact]
    public async Task Closing_wakes_the_writer_and_nothing_is_taken_any_more()
    {
        var waiting = _queue.WaitAsync().AsTask();
        _queue.Close();
        await waiting.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.True(_queue.Take().IsEmpty);
        Assert.False(_queue.TryEnqueue([1], 0));
        Assert.True(_queue.WaitAsync().AsTask().IsCompleted);
    }

    [Fact]
    public void In_the_steady_state_it_allocates_nothing()
    {
        Pass();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10_000; i++)
            Pass();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Pass()
        {
            for (int i = 0; i < 10; i++)
                _queue.TryEnqueue(_datagram, 0);
            _queue.Flush();
            _queue.Take();
            _queue.Done();
        }
    }
}
