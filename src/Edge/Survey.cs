using Microsoft.Extensions.Logging;

namespace Keyhole.Edge;

/// <summary>
/// Looks after something again and again, off the data thread, until it is disposed. A turn that fails is counted, and the next one comes in its time: what
/// changes without telling anybody must be followed for as long as the program runs.
/// </summary>
public sealed class Survey : IAsyncDisposable
{
    private readonly TimeSpan _interval;
    private readonly Func<CancellationToken, Task> _turn;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private long _faultCount;

    /// <param name="turn">Called for the first time after one interval, and never twice at once.</param>
    public Survey(TimeSpan interval, ILogger logger, Func<CancellationToken, Task> turn)
    {
        _interval = interval;
        _logger = logger;
        _turn = turn;
        _running = RunAsync();
    }

    /// <summary>Turns that failed. From any thread.</summary>
    public long FaultCount => Interlocked.Read(ref _faultCount);

    /// <summary>Waits for the turn that runs, and never throws.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(_interval);
        bool isFailing = false;
        while (await timer.WaitForNextTickAsync(_stop.Token))
        {
            try
            {
                await _turn(_stop.Token);
                isFailing = false;
            }
#pragma warning disable CA1031 // whatever it was, the next turn may succeed
            catch (Exception e)
#pragma warning restore CA1031
            {
                if (_stop.IsCancellationRequested)
                    return;
                Interlocked.Increment(ref _faultCount);
                if (!isFailing)
                    EdgeLog.SurveyFailed(_logger, e.Message);
                isFailing = true;
            }
        }
    }
}
