namespace Keyhole.Control.Tests;

[Collection(PostgresCollection.Name)]
public sealed class LateServerTests(PostgresServer postgres)
{
    [Fact]
    [Trait("Promise", "O15")]
    public async Task A_server_that_comes_to_listen_after_it_began_to_serve_looks_for_what_it_missed()
    {
        string database = await postgres.CreateAsync();
        await using var first = await RunningControl.StartAsync(RunningControl.NewDirectory(), database: database);
        await first.ApplyAsync(Samples.Acme);
        using var gate = new PostgresGate(database);
        string directory = DataDirectory.Create(RunningControl.NewDirectory()).Path;
        File.Copy(Path.Combine(first.Directory, "control.key"), Path.Combine(directory, "control.key"));
        await using var late = await RunningControl.StartAsync(directory, database: gate.Source);
        Assert.Equal(first.Ledger.State, late.Ledger.State);

        await first.ApplyAsync(Samples.Acme.Replace("machines: [ci], ", "", StringComparison.Ordinal));
        Assert.NotEqual(first.Ledger.State, late.Ledger.State);
        gate.Open();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (late.Ledger.State != first.Ledger.State)
            await Task.Delay(20, patience.Token);
    }
}
