using System.Data.Common;

namespace Keyhole.Control;

/// <summary>Looks again and again for devices whose login session is gone: nobody else would where their end was not completed.</summary>
internal sealed class SessionClock : IDisposable
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly LoginSessions _sessions;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stopped = new();
    private readonly Task _running;

    public SessionClock(LoginSessions sessions, TimeProvider time, ILogger log)
    {
        _sessions = sessions;
        _log = log;
        _running = Task.Run(() => RunAsync(time));
    }

    public void Dispose()
    {
        _stopped.Cancel();
        _running.Wait(Patience);
        _stopped.Dispose();
    }

    private async Task RunAsync(TimeProvider time)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stopped.Token))
                Look();
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
    }

    private void Look()
    {
        try
        {
            _sessions.EndOrphans();
        }
        catch (Exception error) when (error is OperatorException or DbException or InvalidOperationException or TimeoutException)
        {
            _log.Refused(error.Message);
        }
    }
}
