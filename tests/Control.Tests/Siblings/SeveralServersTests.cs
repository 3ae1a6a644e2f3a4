namespace Keyhole.Control.Tests;

/// <summary>Two servers on one PostgreSQL database: any agent on any of them.</summary>
[Collection(PostgresCollection.Name)]
public sealed class SeveralServersTests(PostgresServer postgres) : IAsyncLifetime
{
    private RunningControl _first = null!;
    private RunningControl _second = null!;
    private string _database = "";

    public async Task InitializeAsync()
    {
        _database = await postgres.CreateAsync();
        _first = await RunningControl.StartAsync(RunningControl.NewDirectory(), database: _database);
        string directory = DataDirectory.Create(RunningControl.NewDirectory()).Path;
        File.Copy(Path.Combine(_first.Directory, "control.key"), Path.Combine(directory, "control.key"));
        _second = await RunningControl.StartAsync(directory, database: _database);
    }

    public async Task DisposeAsync()
    {
        await _first.DisposeAsync();
        await _second.DisposeAsync();
    }

    [Fact]
    public async Task A_change_on_one_reaches_an_agent_on_another_and_is_reported_enforced_where_it_was_made()
    {
        await _first.ApplyAsync(Samples.Acme);
        using var relay = await OnAsync(_second, AgentKind.Relay, "vps");
        using var connector = await OnAsync(_first, AgentKind.Connector, "office-1");
        Assert.IsType<DeltaMessage>(await relay.ReadTableAsync());
        await relay.AckAsync();
        await connector.AckAsync();
        await Until(async () => (await _first.StatusAsync()).Agents.Where(agent => agent.Kind != "machine").All(agent => agent.Link is { Connected: true, UpToDate: true }));
        await Until(async () => (await _second.StatusAsync()).Agents.Where(agent => agent.Kind != "machine").All(agent => agent.Link is { Connected: true, UpToDate: true }));

        var following = FollowAsync(relay);
        var alsoFollowing = FollowAsync(connector);
        var answer = await _first.ApplyAsync(Samples.Acme.Replace("machines: [ci], ", "", StringComparison.Ordinal));
        await Task.WhenAll(following, alsoFollowing);
        Assert.Equal(relay.Table!.Revision, answer.Revision);
        Assert.DoesNotContain(relay.Table.Grants, grant => relay.Table.Peers.Single(peer => peer.Id == grant.Client).Name == "ci");
        // Within the second that "apply" waits, or else soon after: the log and the audit log say it in any case.
        string line = await _first.Log.FindAsync("the revocation of web from ci is enforced everywhere");
        await Until(() => Task.FromResult(AuditOf(_first).Count(row => row is { Action: "enforce" }) == 1));
        var row = AuditOf(_first).Single(row => row.Action == "enforce");
        Assert.Equal(($"revision {answer.Revision}: web from ci", answer.Revision), (row.Subject, row.Revision));
        Assert.NotEmpty(line);
    }

    [Fact]
    public async Task Changes_from_all_sides_at_once_lose_nothing_and_the_audit_log_is_one_chain()
    {
        await _first.ApplyAsync(Samples.Acme);
        await Until(() => Task.FromResult(_second.Server.Networks.All.Count == 1));
        const int Each = 25;
        async Task AddAsync(RunningControl control, string lead)
        {
            for (int i = 0; i < Each; i++)
            {
                string name = $"{lead}{i}";
                await Task.Run(() => control.Ledger.Change(
                    state => state with { Cursors = state.Cursors with { Id = state.Cursors.Id + 1 }, Revision = state.Revision + 1, Sites = state.Sites.Append(new Site(state.Cursors.Id, name)).ToValueList() },
                    (_, _) => new AuditEntry(Actor.Operator, "add", $"site {name}")));
            }
        }

        await Task.WhenAll(AddAsync(_first, "a"), AddAsync(_first, "b"), AddAsync(_second, "c"), AddAsync(_second, "d"));
        await Until(() => Task.FromResult(_first.Ledger.State.Revision == 1 + 4 * Each && _second.Ledger.State.Revision == 1 + 4 * Each));
        Assert.Equal(_first.Ledger.State, _second.Ledger.State);
        Assert.Equal(_first.Server.Networks.Store.Lineage, _second.Server.Networks.Store.Lineage);
        Assert.Equal(1 + 4 * Each, _first.Ledger.State.Sites.Select(site => site.Id).Distinct().Count());
        var audit = AuditOf(_second);
        Assert.Equal(Enumerable.Range(1, audit.Count).Select(number => (long)number), audit.Select(row => row.Number));
        string hash = AuditChain.Start;
        foreach (var row in audit)
            Assert.Equal(hash = AuditChain.HashOf(hash, row), row.Hash);
    }

    [Fact]
    public async Task Organisations_come_and_go_on_all_servers()
    {
        await _first.ApplyAsync(Samples.Acme);
        await Until(() => Task.FromResult(_second.Server.Networks.Find("acme") is not null));
        using var relay = await OnAsync(_second, AgentKind.Relay, "vps");
        _first.Server.Networks.Delete(_first.Server.Networks.Find("acme")!, Actor.Operator);
        Assert.Equal("the organisation was deleted", (await relay.ReadRefusalAsync()).Text);
        await Until(() => Task.FromResult(_second.Server.Networks.All.Count == 0));
        Assert.Throws<OperatorException>(() => _second.Server.Networks.Choose("acme"));
    }

    [Fact]
    public async Task An_agent_is_connected_once_and_its_secret_ends_everywhere()
    {
        await _first.ApplyAsync(Samples.Acme);
        await Until(() => Task.FromResult(_second.Server.Networks.All.Count == 1));
        var credential = await _first.CredentialAsync(AgentKind.Relay, "vps");
        await Until(() => Task.FromResult(_second.Ledger.State.Credentials.Count == 1));
        using var older = await TestAgent.ConnectAsync(_first.Address, credential, AgentKind.Relay);
        await older.HelloAsync();
        await older.ReadTableAsync();
        using var newer = await TestAgent.ConnectAsync(_second.Address, credential, AgentKind.Relay, older.PublicKey);
        await newer.HelloAsync();
        await newer.ReadTableAsync();
        Assert.Equal(RefusalReason.Replaced, (await older.ReadRefusalAsync()).Reason);
        await _first.CredentialAsync(AgentKind.Relay, "vps");
        Assert.Equal(RefusalReason.Revoked, (await newer.ReadRefusalAsync()).Reason);
    }

    [Fact]
    public async Task A_server_that_stops_is_forgotten_with_its_agents()
    {
        await _first.ApplyAsync(Samples.Acme);
        await Until(() => Task.FromResult(_second.Server.Networks.All.Count == 1));
        using var relay = await OnAsync(_second, AgentKind.Relay, "vps");
        await Until(async () => (await _first.StatusAsync()).Agents.Single(agent => agent.Kind == "relay").Link.Connected);
        await Until(() => Task.FromResult(_first.Server.Networks.SiblingCount == 1));
        await _second.StopAsync();
        await Until(() => Task.FromResult(_first.Server.Networks.SiblingCount == 0));
        await Until(async () => !(await _first.StatusAsync()).Agents.Single(agent => agent.Kind == "relay").Link.Connected);
        _second = await RunningControl.StartAsync(_second.Directory, database: _database);
    }

    private static List<AuditRow> AuditOf(RunningControl control) => control.Server.Networks.Store.Database.Read(connection => AuditLog.ReadAll(connection).ToList());

    private async Task<TestAgent> OnAsync(RunningControl control, AgentKind kind, string name)
    {
        var credential = await _first.CredentialAsync(kind, name);
        await Until(() => Task.FromResult(control.Server.Networks.Authenticate(credential.Id, credential.Secret) is not null));
        var agent = await TestAgent.ConnectAsync(control.Address, credential, kind);
        await agent.HelloAsync();
        await agent.ReadTableAsync();
        return agent;
    }

    private static async Task FollowAsync(TestAgent agent)
    {
        await agent.ReadTableAsync();
        await agent.AckAsync();
    }

    private static async Task Until(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!await condition())
            await Task.Delay(20, patience.Token);
    }
}
