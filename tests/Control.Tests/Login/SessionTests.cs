using Dapper;

namespace Keyhole.Control.Tests;

public class SessionTests : IDisposable
{
    private readonly LoginFixture _fixture;

    public SessionTests()
        : this(null)
    {
    }

    /// <param name="database">The connection string of a PostgreSQL database; null for SQLite.</param>
    protected SessionTests(string? database) => _fixture = new LoginFixture(database);

    private LoginSessions Sessions => _fixture.Services.Sessions;

    public void Dispose()
    {
        _fixture.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    [Trait("Threat", "32")]
    public async Task A_token_is_random_and_the_database_holds_its_hash_only()
    {
        var account = await _fixture.AccountAsync();
        var (session, token) = Begin(account, SessionKind.Browser);
        var (_, other) = Begin(account, SessionKind.Browser);
        Assert.NotEqual(token, other);
        Assert.StartsWith("khs_", token, StringComparison.Ordinal);
        Assert.Equal(session.Id, Find(token)?.Id);
        Assert.Null(Find(token[..^1]));
        Assert.Null(Find(SessionToken.Hash(token)!));
        var stored = _fixture.Services.Database.Read(connection => connection.Query<string>("SELECT token_hash FROM login_session").ToList());
        Assert.DoesNotContain(stored, text => text.Contains(token[4..], StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_browser_is_logged_out_when_idle_for_half_a_day_or_after_a_week()
    {
        var account = await _fixture.AccountAsync();
        var (_, idle) = Begin(account, SessionKind.Browser);
        var (_, busy) = Begin(account, SessionKind.Browser);
        for (int hours = 0; hours < 7 * 24 - 6; hours += 6)
        {
            _fixture.Clock.Move(TimeSpan.FromHours(6));
            Assert.NotNull(Find(busy));
        }

        Assert.Null(Find(idle));
        _fixture.Clock.Move(TimeSpan.FromHours(6));
        Assert.Null(Find(busy));
        Assert.Empty(Sessions.List(account.Id));
    }

    [Fact]
    public async Task A_session_that_was_ended_for_a_reason_says_so_to_its_holder_and_to_nobody_else()
    {
        var account = await _fixture.AccountAsync();
        var (session, token) = Begin(account, SessionKind.CommandLine);
        var (_, other) = Begin(account, SessionKind.CommandLine);
        Assert.Null(Sessions.WhyOver(token));
        _fixture.Services.Database.Write((connection, transaction) => LoginSessions.EndBecause(connection, transaction, [session.Id], "The device laptop is blocked."));
        Assert.Null(Find(token));
        Assert.NotNull(Find(other));
        Assert.Equal(("The device laptop is blocked.", null, null), (Sessions.WhyOver(token), Sessions.WhyOver(other), Sessions.WhyOver(SessionToken.New())));
        // Not longer than the session would have been there.
        _fixture.Clock.Move(LoginSessions.CommandLineLife);
        Begin(account, SessionKind.Browser);
        Assert.Null(Sessions.WhyOver(token));
    }

    [Fact]
    public async Task A_session_is_ended_by_its_own_account_only()
    {
        var ann = await _fixture.AccountAsync();
        var bob = await _fixture.AccountAsync("bob@acme.example");
        var (session, token) = Begin(ann, SessionKind.CommandLine);
        Assert.False(Sessions.End(bob, session.Id, LoginFixture.Tester));
        Assert.NotNull(Find(token));
        Assert.Empty(Sessions.List(bob.Id));
        Assert.True(Sessions.End(ann, session.Id, LoginFixture.Tester));
        Assert.Null(Find(token));
        Assert.False(Sessions.End(ann, session.Id, LoginFixture.Tester));
    }

    [Fact]
    [Trait("Promise", "A4")]
    public async Task A_session_that_ends_takes_its_devices_out_of_every_organisation()
    {
        var account = await _fixture.AccountAsync();
        var (session, _) = Begin(account, SessionKind.CommandLine);
        var (other, _) = Begin(account, SessionKind.CommandLine);
        foreach (string name in new[] { "acme", "umbrella" })
        {
            var network = _fixture.Networks.Create(name, LoginFixture.Tester);
            network.Ledger.Change(state => OrganisationUsers.Add(state, account.Email, [FixedRoles.Member]), Audit);
            Enrol(network, "laptop", session.Id, 1);
            Enrol(network, "desktop", other.Id, 2);
            Assert.Equal(2, network.Ledger.State.Credentials.Count);
        }

        Sessions.End(account, session.Id, LoginFixture.Tester);
        foreach (var network in _fixture.Networks.All)
            Assert.Equal(other.Id, Assert.Single(network.Ledger.State.Credentials).Session);
    }

    [Fact]
    public async Task What_a_stop_left_behind_is_cleared_at_the_next_start()
    {
        var account = await _fixture.AccountAsync();
        var (session, _) = Begin(account, SessionKind.CommandLine);
        var network = _fixture.Networks.Create("acme", LoginFixture.Tester);
        network.Ledger.Change(state => OrganisationUsers.Add(state, account.Email, []), Audit);
        Enrol(network, "laptop", session.Id, 1);
        _fixture.Services.Database.Write((connection, transaction) => connection.Execute("DELETE FROM login_session", transaction: transaction));
        Sessions.EndOrphans();
        Assert.Empty(network.Ledger.State.Credentials);
    }

    [Fact]
    [Trait("Promise", "A4")]
    public async Task Where_an_organisation_cannot_be_changed_the_others_are_and_it_is_as_soon_as_it_can()
    {
        var account = await _fixture.AccountAsync();
        var (session, token) = Begin(account, SessionKind.CommandLine);
        foreach (string name in new[] { "acme", "umbrella" })
        {
            var network = _fixture.Networks.Create(name, LoginFixture.Tester);
            network.Ledger.Change(state => OrganisationUsers.Add(state, account.Email, [FixedRoles.Member]), Audit);
            Enrol(network, "laptop", session.Id, 1);
        }

        var (stuck, free) = (_fixture.Networks.All[0], _fixture.Networks.All[1]);
        _fixture.Refuse("DELETE", "credential", $"OLD.organisation = {stuck.Id}");
        Assert.True(Sessions.End(account, session.Id, LoginFixture.Tester));
        Assert.Null(Find(token));
        Assert.Empty(free.Ledger.State.Credentials);
        Sessions.EndOrphans();
        Assert.Single(stuck.Ledger.State.Credentials);
        _fixture.Permit("credential");
        Sessions.EndOrphans();
        Assert.Empty(stuck.Ledger.State.Credentials);
    }

    [Fact]
    [Trait("Promise", "A4")]
    public async Task A_browser_that_rests_is_listed_and_ends_with_all_others_and_so_do_its_devices()
    {
        var account = await _fixture.AccountAsync();
        var network = _fixture.Networks.Create("acme", LoginFixture.Tester);
        network.Ledger.Change(state => OrganisationUsers.Add(state, account.Email, [FixedRoles.Member]), Audit);
        var (resting, token) = Begin(account, SessionKind.Browser);
        Enrol(network, "laptop", resting.Id, 1);
        _fixture.Clock.Move(LoginSessions.BrowserIdle);
        var (present, _) = Begin(account, SessionKind.Browser);
        Assert.Null(Find(token));
        Assert.Equal([(present.Id, false), (resting.Id, true)], Sessions.List(account.Id).Select(entry => (entry.Id, entry.IsIdle)));
        Sessions.EndOthers(account, present.Id, LoginFixture.Tester);
        Assert.Equal(present.Id, Assert.Single(Sessions.List(account.Id)).Id);
        Assert.Empty(network.Ledger.State.Credentials);
    }

    [Fact]
    [Trait("Threat", "38")]
    public async Task Who_is_logged_in_may_read_while_the_use_of_a_session_cannot_be_noted()
    {
        var account = await _fixture.AccountAsync();
        var (session, token) = Begin(account, SessionKind.CommandLine);
        _fixture.Clock.Move(TimeSpan.FromMinutes(5));
        _fixture.Refuse("UPDATE", "login_session");
        Assert.Equal(session.Id, Find(token)?.Id);
    }

    [Fact]
    [Trait("Threat", "32")]
    public async Task A_new_password_ends_approved_logins_of_machines_and_links_that_set_a_password()
    {
        var account = await _fixture.AccountAsync();
        var (kept, keptToken) = Begin(account, SessionKind.Browser);
        var (_, other) = Begin(account, SessionKind.Browser);
        var grant = _fixture.Services.Devices.Begin("laptop", LoginFixture.Home);
        Assert.True(_fixture.Services.Devices.Decide(grant.UserCode, account, approve: true, LoginFixture.Tester));
        string link = _fixture.Services.Resets.Make(account, Actor.Operator);
        _fixture.Services.PasswordChange.Set(account, await _fixture.Services.Hasher.HashAsync("another horse battery", default), kept.Id, Audit(NetworkState.Empty, NetworkState.Empty));
        Assert.NotNull(Find(keptToken));
        Assert.Null(Find(other));
        Assert.False(_fixture.Services.Resets.IsGood(link));
        Assert.Equal(DevicePoll.Expired, _fixture.Services.Devices.Poll(grant.DeviceCode, LoginFixture.Home).Error);
    }

    [Fact]
    public async Task An_account_has_at_most_fifty_sessions_and_what_they_call_themselves_is_one_short_line()
    {
        var account = await _fixture.AccountAsync();
        for (int i = 0; i < 60; i++)
        {
            _fixture.Clock.Move(TimeSpan.FromSeconds(1));
            Begin(account, SessionKind.CommandLine, $"machine {i}\r\n\u001b[31m\u202e{new string('x', 1000)}");
        }

        var list = Sessions.List(account.Id);
        Assert.Equal(50, list.Count);
        Assert.StartsWith("machine 59[31mxxx", list[0].Client, StringComparison.Ordinal);
        Assert.Equal(LoginSessions.MaximumClientLength, list[0].Client.Length);
    }

    private (LoginSession Session, string Token) Begin(Account account, SessionKind kind, string client = "test") =>
        Sessions.Begin(account, kind, client, LoginFixture.Home, "password");

    private LoginSession? Find(string token) => Sessions.Find(token, _fixture.Clock.GetUtcNow());

    private static void Enrol(Network network, string name, long session, byte key) => network.Ledger.Change(
        state => DeviceTransitions.Enrol(
            state, state.Users[0], name, Convert.ToBase64String([.. Enumerable.Repeat(key, 32)]), approved: true,
            id => new Credential($"device-{network.Name}-{name}", new Agent(AgentKind.Device, id), "hash", DateTimeOffset.UnixEpoch) { Session = session }),
        Audit);

    private static AuditEntry Audit(NetworkState before, NetworkState after) => new(LoginFixture.Tester, "test", "test");
}
