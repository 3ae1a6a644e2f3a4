namespace Keyhole.Control.Tests;

public class SetupTests : IDisposable
{
    private readonly LoginFixture _fixture;

    public SetupTests()
        : this(null)
    {
    }

    /// <param name="database">The connection string of a PostgreSQL database; null for SQLite.</param>
    protected SetupTests(string? database) => _fixture = new LoginFixture(database);

    private string TokenFile => Path.Combine(_fixture.Directory, "setup-token");

    public void Dispose()
    {
        _fixture.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    [Trait("Promise", "O1")]
    public async Task The_first_account_is_made_with_a_token_that_only_the_operator_can_read()
    {
        Assert.True(_fixture.Services.Setup.Prepare(TokenFile));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(TokenFile));
        string token = (await File.ReadAllTextAsync(TokenFile)).Trim();
        await Assert.ThrowsAsync<OperatorException>(() => CompleteAsync("a guess", "ann@acme.example"));
        await Assert.ThrowsAsync<OperatorException>(() => CompleteAsync(token, "no address"));
        var account = await CompleteAsync(token, "ann@acme.example", "acme");
        Assert.True(account.IsServerAdmin);
        var state = _fixture.Networks.Find("acme")!.Ledger.State;
        Assert.Contains(state.Roles.First(role => role.Name == FixedRoles.Owner).Id, OrganisationUsers.Find(state, "ann@acme.example")!.Roles);
        await Assert.ThrowsAsync<OperatorException>(() => CompleteAsync(token, "mallory@acme.example"));
        Assert.False(_fixture.Services.Setup.Prepare(TokenFile));
        Assert.False(File.Exists(TokenFile));
    }

    [Fact]
    [Trait("Threat", "31")]
    public async Task Of_two_hundred_that_use_the_token_at_once_one_wins()
    {
        _fixture.Services.Setup.Prepare(TokenFile);
        string token = (await File.ReadAllTextAsync(TokenFile)).Trim();
        int won = 0, busy = 0;
        await Parallel.ForEachAsync(Enumerable.Range(0, 200), new ParallelOptions { MaxDegreeOfParallelism = 200 }, async (i, _) =>
        {
            try
            {
                await CompleteAsync(token, $"user{i}@acme.example");
                Interlocked.Increment(ref won);
            }
            catch (OperatorException)
            {
            }
            catch (LoginBusyException)
            {
                Interlocked.Increment(ref busy);
            }
        });
        Assert.Equal(1, won);
        Assert.Single(_fixture.Services.Accounts.All());
        Assert.True(busy < 200);
    }

    [Fact]
    public async Task A_token_is_good_for_a_day_and_a_restart_keeps_it_while_it_is()
    {
        _fixture.Services.Setup.Prepare(TokenFile);
        string token = await File.ReadAllTextAsync(TokenFile);
        _fixture.Services.Setup.Prepare(TokenFile);
        Assert.Equal(token, await File.ReadAllTextAsync(TokenFile));
        _fixture.Clock.Move(ServerSetup.Life);
        await Assert.ThrowsAsync<OperatorException>(() => CompleteAsync(token.Trim(), "ann@acme.example"));
        _fixture.Services.Setup.Prepare(TokenFile);
        Assert.NotEqual(token, await File.ReadAllTextAsync(TokenFile));
    }

    [Fact]
    [Trait("Promise", "O12")]
    public async Task A_link_sets_another_password_once_and_ends_all_sessions()
    {
        var account = await _fixture.AccountAsync();
        var (_, session) = _fixture.Services.Sessions.Begin(account, SessionKind.Browser, "browser", null, "password");
        string old = _fixture.Services.Resets.Make(account, Actor.Operator);
        string token = _fixture.Services.Resets.Make(account, Actor.Operator);
        await Assert.ThrowsAsync<OperatorException>(() => ResetAsync(old, "another horse battery"));
        await Assert.ThrowsAsync<OperatorException>(() => ResetAsync(token, "short"));
        await ResetAsync(token, "another horse battery");
        await Assert.ThrowsAsync<OperatorException>(() => ResetAsync(token, "third horse battery"));
        Assert.Null(_fixture.Services.Sessions.Find(session, _fixture.Clock.GetUtcNow()));
        Assert.Equal(LoginOutcome.Wrong, await _fixture.TryAsync(account.Email, LoginFixture.Password));
        Assert.Null((await _fixture.TryAsync(account.Email, "another horse battery")).Refusal);
    }

    [Fact]
    public async Task A_link_for_a_password_makes_no_account_and_lives_an_hour()
    {
        var account = await _fixture.AccountAsync();
        string token = _fixture.Services.Resets.Make(account, Actor.Operator);
        await Assert.ThrowsAsync<OperatorException>(() => CompleteAsync(token, "mallory@acme.example"));
        _fixture.Clock.Move(PasswordResets.Life);
        await Assert.ThrowsAsync<OperatorException>(() => ResetAsync(token, "another horse battery"));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("acme")]
    [InlineData("umbrella")]
    public async Task A_token_is_not_used_up_by_a_setup_that_fails(string? organisation)
    {
        _fixture.Networks.Create("acme", LoginFixture.Tester);
        _fixture.Services.Setup.Prepare(TokenFile);
        string token = (await File.ReadAllTextAsync(TokenFile)).Trim();
        string table = organisation is null ? "account" : "org_user";
        _fixture.Refuse("INSERT", table);
        await Assert.ThrowsAnyAsync<OperatorException>(() => CompleteAsync(token, "ann@acme.example", organisation));
        Assert.False(_fixture.Services.Accounts.Any());
        Assert.Null(_fixture.Networks.Find("umbrella"));
        _fixture.Permit(table);
        Assert.True((await CompleteAsync(token, "ann@acme.example", organisation)).IsServerAdmin);
    }

    [Fact]
    public async Task A_link_is_not_used_up_by_a_new_password_that_cannot_be_stored()
    {
        var account = await _fixture.AccountAsync();
        var (_, session) = _fixture.Services.Sessions.Begin(account, SessionKind.Browser, "browser", null, "password");
        string token = _fixture.Services.Resets.Make(account, Actor.Operator);
        _fixture.Refuse("UPDATE", "account");
        await Assert.ThrowsAnyAsync<OperatorException>(() => ResetAsync(token, "another horse battery"));
        Assert.NotNull(_fixture.Services.Sessions.Find(session, _fixture.Clock.GetUtcNow()));
        _fixture.Permit("account");
        await ResetAsync(token, "another horse battery");
        Assert.Null(_fixture.Services.Sessions.Find(session, _fixture.Clock.GetUtcNow()));
    }

    private Task<Account> CompleteAsync(string token, string email, string? organisation = null) =>
        _fixture.Services.Setup.CompleteAsync(token, email, LoginFixture.Password, organisation, null, default);

    private Task<Account> ResetAsync(string token, string password) => _fixture.Services.Resets.CompleteAsync(token, password, null, default);
}
