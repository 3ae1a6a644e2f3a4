using System.Collections.Concurrent;
using Keyhole.Contracts;

namespace Keyhole.Agent.Tests;

/// <summary>Hosts whose orders the test carries out one by one.</summary>
internal sealed class FakeSshHosts : ISshHosts
{
    private Action<SshHostMessage>? _tell;

    public ConcurrentQueue<(int Resource, TaskCompletionSource<SshAccount> Done, CancellationToken Cancelled)> Orders { get; } = new();

    public List<SshHostMessage> Known { get; } = [];

    public bool IsFollowed => _tell is not null;

    public void Tell(SshHostMessage message) => _tell?.Invoke(message);

    public Task<SshAccount> ProvisionAsync(int resource, SshAccountOrder order, CancellationToken cancelled)
    {
        var done = new TaskCompletionSource<SshAccount>(TaskCreationOptions.RunContinuationsAsynchronously);
        Orders.Enqueue((resource, done, cancelled));
        return done.Task;
    }

    public IDisposable Follow(Action<SshHostMessage> tell)
    {
        Assert.Null(_tell);
        _tell = tell;
        foreach (var known in Known)
            tell(known);
        return new Following(this);
    }

    private sealed class Following(FakeSshHosts hosts) : IDisposable
    {
        public void Dispose() => hosts._tell = null;
    }
}
