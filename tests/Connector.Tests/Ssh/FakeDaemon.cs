using System.Collections.Concurrent;
using Keyhole.Contracts;
using Keyhole.SshHost;

namespace Keyhole.Connector.Tests;

/// <summary>An auth daemon that writes down what it is told and answers as the test says.</summary>
internal sealed class FakeDaemon : IAuthDaemon
{
    private int _speaking;

    public ConcurrentQueue<SshRow> Rows { get; } = new();

    /// <summary>What the rows were said to be from.</summary>
    public ConcurrentQueue<RowVersion> Versions { get; } = new();

    public ConcurrentQueue<SshAccountOrder> Orders { get; } = new();

    /// <summary>Calls of one host that met each other.</summary>
    public int Collisions { get; private set; }

    /// <summary>What every call waits for before it does anything.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    /// <summary>Why nothing works, or null.</summary>
    public string? Error { get; set; }

    /// <summary>Of <see cref="Error"/>.</summary>
    public AuthDaemonFault Fault { get; set; }

    public Func<SshRow, SshHostState> Show { get; set; } = row => new SshHostState(["ssh-ed25519 HOST"], row.Trusted, row.Daemon is null ? null : Convert.ToBase64String(new byte[32]));

    public async Task<SshHostState> ReconcileAsync(string organisation, SshRow row, RowVersion version, CancellationToken cancelled)
    {
        Assert.Equal("acme", organisation);
        Versions.Enqueue(version);
        return await SpeakAsync(() => Rows.Enqueue(row), () => Show(row), cancelled);
    }

    public Task<SshAccount> ProvisionAsync(SshRow row, SshAccountOrder order, CancellationToken cancelled) =>
        SpeakAsync(() => Orders.Enqueue(order), () => new SshAccount(order.Name, $"keyhole:{row.Authority}:{row.Resource}:token:{order.Name}", null), cancelled);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async Task<T> SpeakAsync<T>(Action write, Func<T> answer, CancellationToken cancelled)
    {
        if (Interlocked.Increment(ref _speaking) != 1)
            Collisions++;
        try
        {
            write();
            await Gate.WaitAsync(cancelled);
            return Error is { } error ? throw new AuthDaemonException(Fault, error) : answer();
        }
        finally
        {
            Interlocked.Decrement(ref _speaking);
        }
    }
}
