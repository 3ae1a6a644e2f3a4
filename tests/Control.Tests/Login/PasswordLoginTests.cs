namespace Keyhole.Control.Tests;

[Trait("Promise", "A4")]
public class PasswordLoginTests : IDisposable
{
    private readonly LoginFixture _fixture;

    public PasswordLoginTests()
        : this(null)
    {
    }

    /// <param name="database">The connection string of a PostgreSQL database; null for SQLite.</param>
    protected PasswordLoginTests(string? database) => _fixture = new LoginFixture(database);

    public void Dispose()
    {
        _fixture.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task The_right_password_logs_in_and_a_wrong_one_does_not()
    {
        var account = await _fixture.AccountAsync();
        Assert.Equal(account.Id, (await _fixture.TryAsync("ANN@acme.example", LoginFixture.Password)).Account?.Id);
        Assert.Equal(LoginOutcome.Wrong, await _fixture.TryAsync("ann@acme.example", "wrong horse battery"));
        Assert.Equal(LoginOutcome.Wrong, await _fixture.TryAsync("ann@acme.example", ""));
        Assert.Equal(LoginOutcome.Wrong, await _fixture.TryAsync("ann@acme.example", new string('x', 100_000)));
    }

    [Fact]
    [Trait("Threat", "27")]
    public async Task Who_does_not_exist_is_answered_like_a_wrong_password_after_the_same_work()
    {
        await _fixture.AccountAsync();
        var withoutPassword = _fixture.Services.Database.Write((connection, transaction) =>
            _fixture.Services.Accounts.Create(connection, transaction, "sso@acme.example", null, isServerAdmin: false));
        foreach (string email in new[] { "ann@acme.example", "nobody@acme.example", withoutPassword.Email, "no address" })
        {
            long before = _fixture.Services.Hasher.Count;
            Assert.Equal(LoginOutcome.Wrong, await _fixture.TryAsync(email, "wrong horse battery"));
            Assert.Equal(1, _fixture.Services.Hasher.Count - before);
        }

        // They also have to wait alike.
        foreach (string email in new[] { "ann@acme.example", "nobody@acme.example" })
        {
            var last = LoginOutcome.Wrong;
            for (int i = 0; i <= LoginLimiter.FreePerAccount; i++)
                last = await _fixture.TryAsync(email, "wrong horse battery", address: $"198.51.100.{i}");
            Assert.Equal(LoginRefusal.Later, last.Refusal);
        }
    }

    [Fact]
    [Trait("Threat", "27")]
    public async Task A_second_factor_is_asked_for_and_each_code_is_good_once()
    {
        var account = await _fixture.AccountAsync();
        var (key, _) = _fixture.AddTotp(account);
        Assert.Equal(LoginRefusal.SecondFactor, (await _fixture.TryAsync(account.Email, LoginFixture.Password)).Refusal);
        Assert.Equal(LoginOutcome.Wrong, await _fixture.TryAsync(account.Email, LoginFixture.Password, "000000"));
        string code = _fixture.Code(key);
        Assert.Equal(LoginOutcome.Wrong, await _fixture.TryAsync(account.Email, "wrong horse battery", code));
        Assert.Null((await _fixture.TryAsync(account.Email, LoginFixture.Password, code)).Refusal);
        Assert.Equal(LoginOutcome.Wrong, await _fixture.TryAsync(account.Email, LoginFixture.Password, code));
        _fixture.Clock.Move(TimeSpan.FromSeconds(30));
        Assert.Null((await _fixture.TryAsync(account.Email, LoginFixture.Password, _fixture.Code(key))).Refusal);
    }

    [Fact]
    public async Task A_recovery_code_stands_in_for_a_lost_phone_once()
    {
        var account = await _fixture.AccountAsync();
        var (_, recovery) = _fixture.AddTotp(account);
        Assert.Null((await _fixture.TryAsync(account.Email, LoginFixture.Password, recovery[3].ToUpperInvariant())).Refusal);
        Assert.Equal(LoginOutcome.Wrong, await _fixture.TryAsync(account.Email, LoginFixture.Password, recovery[3]));
        Assert.Equal(9, _fixture.Services.Accounts.RecoveryCodesLeft(account));
        _fixture.Services.Factors.RenewRecoveryCodes(account, LoginFixture.Tester);
        Assert.Equal(LoginOutcome.Wrong, await _fixture.TryAsync(account.Email, LoginFixture.Password, recovery[4]));
    }

    [Fact]
    [Trait("Threat", "27")]
    public async Task A_right_password_opens_no_way_to_try_out_second_factors()
    {
        var account = await _fixture.AccountAsync();
        _fixture.AddTotp(account);
        int heard = 0;
        for (int i = 0; i < 100; i++)
        {
            await _fixture.TryAsync(account.Email, LoginFixture.Password);
            if ((await _fixture.TryAsync(account.Email, LoginFixture.Password, $"{i:D6}")).Refusal == LoginRefusal.Wrong)
                heard++;
        }

        Assert.InRange(heard, 1, LoginLimiter.FreePerAccount);
    }

    [Fact]
    public async Task A_key_of_one_time_codes_that_was_replaced_meanwhile_is_not_taken()
    {
        await _fixture.AccountAsync();
        byte[] first = _fixture.Services.Factors.Begin(_fixture.Services.Accounts.Find("ann@acme.example")!);
        var seen = _fixture.Services.Accounts.Find("ann@acme.example")!;
        _fixture.Services.Factors.Begin(seen);
        Assert.Null(_fixture.Services.Factors.Complete(seen, _fixture.Code(first), LoginFixture.Tester));
        Assert.False(_fixture.Services.Accounts.Find("ann@acme.example")!.HasTotp);
        Assert.Equal(0, _fixture.Services.Accounts.RecoveryCodesLeft(seen));
    }

    [Fact]
    [Trait("Threat", "27")]
    public async Task A_flood_of_wrong_passwords_does_not_lock_the_user_out()
    {
        var account = await _fixture.AccountAsync();
        var (key, _) = _fixture.AddTotp(account);
        _fixture.Services.Known.Remember(account.Id, LoginFixture.Home, "her browser");
        for (int i = 0; i < 50; i++)
            await _fixture.TryAsync(account.Email, "wrong horse battery", address: $"198.51.100.{i}");
        Assert.Equal(LoginRefusal.Later, (await _fixture.TryAsync(account.Email, LoginFixture.Password, address: "203.0.113.1")).Refusal);
        // Elsewhere with her browser, and at home with another.
        Assert.Null((await _fixture.TryAsync(account.Email, LoginFixture.Password, _fixture.Code(key), "203.0.113.2", "her browser")).Refusal);
        _fixture.Clock.Move(TimeSpan.FromSeconds(30));
        Assert.Null((await _fixture.TryAsync(account.Email, LoginFixture.Password, _fixture.Code(key))).Refusal);
        // Somebody behind the same address guesses too: the second factor passes, and a wrong one does not.
        for (int i = 0; i < 2 * LoginLimiter.FreePerKnown; i++)
            await _fixture.TryAsync(account.Email, "wrong horse battery");
        _fixture.Clock.Move(TimeSpan.FromMilliseconds(500));
        Assert.Equal(LoginRefusal.Later, (await _fixture.TryAsync(account.Email, LoginFixture.Password, "000000")).Refusal);
        _fixture.Clock.Move(TimeSpan.FromSeconds(30));
        for (int i = 0; i < 2 * LoginLimiter.FreePerKnown; i++)
            await _fixture.TryAsync(account.Email, "wrong horse battery");
        Assert.Null((await _fixture.TryAsync(account.Email, LoginFixture.Password, _fixture.Code(key))).Refusal);
    }

    [Fact]
    public async Task A_browser_that_is_known_for_one_account_is_a_stranger_to_others()
    {
        var ann = await _fixture.AccountAsync();
        var bob = await _fixture.AccountAsync("bob@acme.example");
        _fixture.Services.Known.Remember(ann.Id, LoginFixture.Home, "her browser");
        Assert.NotNull(_fixture.Services.Known.FindBrowser(ann.Id, "her browser"));
        Assert.Null(_fixture.Services.Known.FindBrowser(bob.Id, "her browser"));
        Assert.False(_fixture.Services.Known.IsKnown(bob.Id, LoginFixture.Home));
        for (int i = 0; i < 50; i++)
        {
            _fixture.Clock.Move(TimeSpan.FromSeconds(1));
            _fixture.Services.Known.Remember(ann.Id, null, $"browser {i}");
        }

        Assert.Null(_fixture.Services.Known.FindBrowser(ann.Id, "her browser"));
        Assert.NotNull(_fixture.Services.Known.FindBrowser(ann.Id, "browser 49"));
    }
}
