namespace Keyhole.SshHost;

/// <summary>The right to change the state, of one at a time. Every change is on disk before it is seen here.</summary>
internal sealed class HostTurn(HostStore store, HostState state, FileStream held, SemaphoreSlim gate) : IDisposable
{
    public HostState State { get; private set; } = state;

    /// <exception cref="AuthDaemonException">It cannot be written.</exception>
    public async Task SaveAsync(HostState state)
    {
        await store.WriteAsync(state).ConfigureAwait(false);
        State = state;
    }

    /// <summary>Saves the state with an account as it is now.</summary>
    /// <returns>The account.</returns>
    public async Task<HostedAccount> SaveAsync(HostedAccount account)
    {
        await SaveAsync(State.With(account)).ConfigureAwait(false);
        return account;
    }

    public void Dispose()
    {
        held.Dispose();
        gate.Release();
    }
}
