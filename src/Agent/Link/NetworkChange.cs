namespace Keyhole.Agent;

/// <summary>How the data path, which watches this machine's network, tells the link to Control that it is another one. From any thread.</summary>
public sealed class NetworkChange
{
    private TaskCompletionSource _next = Create();

    /// <summary>Completes with the next change.</summary>
    internal Task Next => Volatile.Read(ref _next).Task;

    /// <summary>Addresses or gateways of this machine are others.</summary>
    public void Tell() => Interlocked.Exchange(ref _next, Create()).TrySetResult();

    private static TaskCompletionSource Create() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
