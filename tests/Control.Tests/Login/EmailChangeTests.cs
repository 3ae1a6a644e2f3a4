using System.Net;
using System.Text.Json.Nodes;
using Dapper;

namespace Keyhole.Control.Tests;

/// <summary>A person gets another e-mail address, and stays the same person.</summary>
[Collection(PostgresCollection.Name)]
[Trait("Promise", "O12")]
public sealed class EmailChangeTests(PostgresServer postgres)
{
    private const string New = "ann.new@acme.example";

    [Fact]
    public async Task The_operator_changes_an_address_and_sessions_devices_and_identities_at_providers_stay()
    {
        await using var server = await LoginServer.StartAsync();
        await server.SetUpAsync();
        var login = server.Control.Server.Login;
        var account = login.Accounts.Find(LoginServer.Email)!;
        login.Database.Write((connection, transaction) => connection.Execute("INSERT INTO openid_identity (issuer, subject, account) VALUES ('https://login.example', 'ann', @Id)", new { account.Id }, transaction));
        Assert.Equal(HttpStatusCode.Created, (await server.PostAsync("/api/v1/orgs/acme/devices", new JsonObject { ["name"] = "laptop", ["publicKey"] = TestAgent.NewPublicKey() })).Status);
        await RunAsync(0, server.Control.Directory, "admin", "make-admin", "bob@acme.example");
        Assert.Contains("there is an account bob@acme.example already", await RunAsync(1, server.Control.Directory, "admin", "change-email", LoginServer.Email, "bob@acme.example"), StringComparison.Ordinal);
        Assert.Contains("this is no e-mail address", await RunAsync(1, server.Control.Directory, "admin", "change-email", LoginServer.Email, "nobody"), StringComparison.Ordinal);
        Assert.Contains("did you mean", await RunAsync(1, server.Control.Directory, "admin", "change-email", "anne@acme.example", New), StringComparison.Ordinal);
        Assert.Contains("also as a user of acme: write it into the network file", await RunAsync(0, server.Control.Directory, "admin", "change-email", LoginServer.Email, New), StringComparison.Ordinal);
        // Whatever broke off is done by the same words again.
        await RunAsync(0, server.Control.Directory, "admin", "change-email", LoginServer.Email, New);

        Assert.Equal(New, (string?)(await server.GetAsync("/api/v1/account")).Body!["email"]);
        Assert.Equal("laptop", (string?)(await server.GetAsync("/api/v1/orgs/acme/devices")).Body!["items"]![0]!["name"]);
        Assert.Equal(account.Id, login.Database.Read(connection => connection.QuerySingle<long>("SELECT account FROM openid_identity WHERE subject = 'ann'")));
        var state = server.Control.Ledger.State;
        Assert.Equal(state.FindUser(New)!.Id, state.FindPeer(PeerKind.Device, "laptop")!.Owner);
        Assert.Null(state.FindUser(LoginServer.Email));
        Assert.Equal(HttpStatusCode.Unauthorized, (await server.Another().LogInAsync(LoginFixture.Password)).Status);
        Assert.Equal(HttpStatusCode.OK, (await server.Another().LogInAsync(LoginFixture.Password, email: New)).Status);
        var rows = login.Database.Read(connection => AuditLog.Read(connection, null, null, 100));
        Assert.Contains(rows, row => row is { Actor: "operator", Action: "change-email", Subject: "account ann@acme.example", After: New });
        Assert.Contains(rows, row => row is { Actor: "operator", Action: "change-email", Subject: "user ann@acme.example", After: New });
    }

    [Fact]
    [Trait("Threat", "28")]
    public async Task An_organisation_changes_the_address_of_an_account_that_is_its_own_and_of_no_other()
    {
        await using var server = await LoginServer.StartAsync();
        await server.SetUpAsync();
        var login = server.Control.Server.Login;
        var network = server.Control.Server.Networks.Find("acme")!;
        string hash = await login.Hasher.HashAsync(LoginFixture.Password, default);
        foreach (string email in new[] { "bob@acme.example", "carl@acme.example" })
        {
            login.Database.Write((connection, transaction) => login.Accounts.Create(connection, transaction, email, hash, isServerAdmin: false, network.Id));
            network.Ledger.Change(state => OrganisationUsers.Add(state, email, [FixedRoles.Member]), (_, _) => new AuditEntry(LoginFixture.Tester, "add", "user"));
        }

        var bob = server.Another();
        Assert.Equal(HttpStatusCode.OK, (await bob.LogInAsync(LoginFixture.Password, email: "bob@acme.example")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await bob.PostAsync("/api/v1/orgs/acme/users/bob@acme.example/email", Email("rob@acme.example"))).Status);
        Assert.Equal(HttpStatusCode.Conflict, (await server.PostAsync("/api/v1/orgs/acme/users/bob@acme.example/email", Email("carl@acme.example"))).Status);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await server.PostAsync("/api/v1/orgs/acme/users/bob@acme.example/email", Email("rob"))).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await server.PostAsync("/api/v1/orgs/acme/users/nobody@acme.example/email", Email("rob@acme.example"))).Status);
        Assert.Equal(HttpStatusCode.OK, (await server.PostAsync("/api/v1/orgs/acme/users/bob@acme.example/email", Email("rob@acme.example"))).Status);
        Assert.Equal("rob@acme.example", (string?)(await bob.GetAsync("/api/v1/account")).Body!["email"]);
        Assert.NotNull(network.Ledger.State.FindUser("rob@acme.example"));
        Assert.Contains(login.Database.Read(connection => AuditLog.Read(connection, network.Id, null, 100)), row => row is { Action: "change-email", Subject: "user bob@acme.example", After: "rob@acme.example" });

        // It would count wherever the new address stands.
        var (status, body) = await server.PostAsync($"/api/v1/orgs/acme/users/{LoginServer.Email}/email", Email("boss@globex.example"));
        Assert.Equal(HttpStatusCode.Conflict, status);
        Assert.Contains("admin change-email", (string?)body!["detail"], StringComparison.Ordinal);
        Assert.NotNull(network.Ledger.State.FindUser(LoginServer.Email));
        var other = server.Control.Server.Networks.Create("globex", LoginFixture.Tester);
        login.Database.Write((connection, transaction) => AccountOrganisations.Add(connection, transaction, login.Accounts.Find("carl@acme.example")!.Id, other.Id));
        Assert.Equal(HttpStatusCode.Conflict, (await server.PostAsync("/api/v1/orgs/acme/users/carl@acme.example/email", Email("boss@globex.example"))).Status);

        static JsonObject Email(string email) => new() { ["email"] = email };
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_operator_puts_accounts_right_while_no_server_runs(bool shared)
    {
        string? database = shared ? await postgres.CreateAsync() : null;
        var first = await RunningControl.StartAsync(RunningControl.NewDirectory(), database: database);
        string directory = first.Directory;
        string file = Path.Combine(directory, "database");
        if (shared)
            await File.WriteAllTextAsync(file, database);
        string[] place = shared ? ["--database-file", file] : [];
        try
        {
            await RunAsync(0, directory, ["admin", "make-admin", LoginServer.Email, .. place]);
            first.Server.Networks.Create("acme", LoginFixture.Tester, state => OrganisationUsers.Add(state, LoginServer.Email, [FixedRoles.Owner]));
            await first.StopAsync();
            if (shared)
                Assert.Contains("name the database by --database-file", await RunAsync(1, directory, "admin", "list"), StringComparison.Ordinal);
            Assert.Contains("ann@acme.example (server admin): no password", await RunAsync(0, directory, ["admin", "list", .. place]), StringComparison.Ordinal);
            Assert.Contains("https://YOUR-SERVER/reset/", await RunAsync(0, directory, ["admin", "reset-password", LoginServer.Email, .. place]), StringComparison.Ordinal);
            await File.WriteAllTextAsync(Path.Combine(directory, "password"), "another horse battery\n");
            await RunAsync(0, directory, ["admin", "reset-password", LoginServer.Email, "--password-file", Path.Combine(directory, "password"), .. place]);
            await RunAsync(0, directory, ["admin", "change-email", LoginServer.Email, New, .. place]);
            Assert.False(File.Exists(Path.Combine(directory, "control.sock")));
            await using var second = await RunningControl.StartAsync(directory, database: database);
            Assert.Contains("ann.new@acme.example (server admin): password; 0 sessions; acme", await RunAsync(0, directory, "admin", "list"), StringComparison.Ordinal);
            var login = second.Server.Login;
            Assert.Null((await login.Passwords.TryAsync(New, "another horse battery", null, new LoginSource(IPAddress.Loopback, null), default)).Refusal);
            Assert.NotNull(second.Ledger.State.FindUser(New));
        }
        finally
        {
            if (Directory.Exists(directory))
                Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task<string> RunAsync(int code, string directory, params string[] arguments)
    {
        using var output = new StringWriter();
        int status = await Commands.Create(new Terminal(output, output, TextReader.Null, null)).Parse([.. arguments, "--data", directory]).InvokeAsync();
        Assert.True(code == status, output.ToString());
        return output.ToString();
    }
}
