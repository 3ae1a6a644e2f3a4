namespace Keyhole.Control;

/// <summary>One organisation as it runs: its network, its agents' connections, and the clock of what runs out.</summary>
internal sealed class Network : IAsyncDisposable
{
    private readonly CancellationTokenSource _stopped = new();
    private readonly ExpiryClock _clock;
    private Task _expiring = Task.CompletedTask;

    public Network(string name, Ledger ledger, NetworkStore store, Siblings siblings, SiblingCalls calls, TimeProvider time, ILoggerFactory loggers)
    {
        Ledger = ledger;
        Database = store.Database;
        // One category per organisation: "connector office-1" may be there in several.
        var log = loggers.CreateLogger($"Keyhole.Control.{name}");
        Log = log;
        Hub = new AgentHub(ledger, store, siblings, time, log);
        Configs = new ExternalClientConfig(ledger, Hub, time, log);
        Clients = new ExternalClients(ledger, Hub);
        Ssh = new SshLogins(ledger, Hub, store, calls, time, log);
        _clock = new ExpiryClock(ledger, time, log);
    }

    /// <summary>Stays the same for all time, and is never another's.</summary>
    public int Id => Ledger.Organisation;

    public string Name => Ledger.State.Organisation!;

    public Ledger Ledger { get; }

    public Database Database { get; }

    public AgentHub Hub { get; }

    public ExternalClientConfig Configs { get; }

    public ExternalClients Clients { get; }

    public SshLogins Ssh { get; }

    public ILogger Log { get; }

    /// <summary>Sets the clock going.</summary>
    public Network Start()
    {
        _expiring = _clock.RunAsync(_stopped.Token);
        return this;
    }

    /// <summary>The organisation is deleted: its agents are told, and its clock stops.</summary>
    public void End()
    {
        _stopped.Cancel();
        Hub.RefuseAll("the organisation was deleted");
    }

    public async ValueTask DisposeAsync()
    {
        await _stopped.CancelAsync();
        await _expiring;
        Hub.StopAll();
        _stopped.Dispose();
    }
}
