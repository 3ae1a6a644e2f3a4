using Dapper;

namespace Keyhole.Control.Tests;

/// <summary>What a restore does not bring back: it may have ended, or been used, after the backup.</summary>
[Collection(PostgresCollection.Name)]
public sealed class HistoryTests(PostgresServer postgres)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("Promise", "O10")]
    [Trait("Threat", "38")]
    public async Task Logins_links_and_invitations_of_a_backup_are_over_when_it_is_restored(bool shared)
    {
        string token, device, reset;
        string file = Path.Combine(Path.GetTempPath(), $"keyhole-{Guid.NewGuid():N}.backup");
        var directory = DataDirectory.Create(RunningControl.NewDirectory());
        await using (var first = await RunningControl.StartAsync())
        {
            await first.ApplyAsync(Samples.Acme);
            var login = first.Server.Login;
            string hash = await login.Hasher.HashAsync(LoginFixture.Password, default);
            var account = login.Database.Write((connection, transaction) =>
                login.Accounts.Create(connection, transaction, first.Ledger.State.Users[0].Email, hash, isServerAdmin: false, first.Server.Networks.All[0].Id));
            (var session, token) = login.Sessions.Begin(account, SessionKind.CommandLine, "laptop", LoginFixture.Home, "device code");
            first.Ledger.Change(
                state => DeviceTransitions.Enrol(state, state.Users[0], "laptop", TestAgent.NewPublicKey(), true, id => new Credential("laptop", new Agent(AgentKind.Device, id), "hash", Samples.Now) { Session = session.Id }),
                (_, _) => new AuditEntry(Actor.Operator, "enrol", "device laptop"));
            var grant = login.Devices.Begin("tablet", LoginFixture.Home);
            Assert.True(login.Devices.Decide(grant.UserCode, account, approve: true, LoginFixture.Tester));
            (device, reset) = (grant.DeviceCode, login.Resets.Make(account, LoginFixture.Tester));
            login.Known.Remember(account.Id, LoginFixture.Home, SessionToken.Plain());
            login.Database.Write((connection, transaction) =>
            {
                const string Invitation = "INSERT INTO invitation (id, organisation, email, roles, hash, maker, created_at, expires, used_at) VALUES (@Id, 1, 'ivy@example.com', '[]', 'hash', 0, 0, 9, @Used)";
                connection.Execute(Invitation, new[] { new { Id = "open", Used = (long?)null }, new { Id = "used", Used = (long?)1 } }, transaction);
                connection.Execute("INSERT INTO ssh_authority (organisation, name, next_serial, next_generation) VALUES (1, 'name', 1, 5)", transaction: transaction);
            });
            await using (var stream = Backups.Create(file))
                await first.Operator.DownloadAsync(MaintenanceRoutes.Backup, stream);
            File.Copy(Path.Combine(first.Directory, "control.key"), directory.KeyFile);
        }

        string? database = shared ? await postgres.CreateAsync() : null;
        Restoring.Run(file, directory, database, TimeProvider.System);
        File.Delete(file);
        await using var second = await RunningControl.StartAsync(directory.Path, database: database);
        var restored = second.Server.Login;
        Assert.Null(restored.Sessions.Find(token, DateTimeOffset.UtcNow));
        Assert.Contains("restored from a backup", restored.Sessions.WhyOver(token), StringComparison.Ordinal);
        Assert.Empty(second.Ledger.State.Credentials);
        Assert.NotNull(restored.Devices.Poll(device, LoginFixture.Home).Error);
        Assert.False(restored.Resets.IsGood(reset));
        foreach (string table in new[] { "login_session", "device_code", "one_time_link", "known_browser" })
            Assert.Equal(0, restored.Database.Read(connection => connection.QuerySingle<int>($"SELECT count(*) FROM {table}")));
        Assert.Equal("used", restored.Database.Read(connection => connection.QuerySingle<string>("SELECT id FROM invitation")));
        Assert.True(restored.Database.Read(connection => connection.QuerySingle<long>("SELECT next_generation FROM ssh_authority")) > 1_000_000);
        // The account itself is as it was, and what begins now goes on when the server starts again.
        var outcome = await restored.Passwords.TryAsync(second.Ledger.State.Users[0].Email, LoginFixture.Password, null, new LoginSource(LoginFixture.Home, null), default);
        Assert.Null(outcome.Refusal);
        var (_, next) = restored.Sessions.Begin(outcome.Account!, SessionKind.CommandLine, "laptop", LoginFixture.Home, "password");
        using (var again = NetworkStore.Open(directory, TimeProvider.System, database))
            Assert.Equal(second.Server.Networks.Store.Lineage, again.Lineage);
        Assert.NotNull(restored.Sessions.Find(next, DateTimeOffset.UtcNow));
    }
}
