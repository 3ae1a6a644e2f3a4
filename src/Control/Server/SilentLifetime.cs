namespace Keyhole.Control;

/// <summary>The command line owns the signals; two applications in one process must not both wait for Ctrl+C.</summary>
internal sealed class SilentLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
