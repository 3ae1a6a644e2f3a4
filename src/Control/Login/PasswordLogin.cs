namespace Keyhole.Control;

/// <summary>
/// Login by password and second factor. What does not exist is answered like what is wrong, after the same work.
/// </summary>
internal sealed class PasswordLogin(Accounts accounts, KnownSources known, PasswordHasher hasher, SecondFactors factors, LoginLimiter limiter)
{
    /// <param name="code">A one-time code or a recovery code; null or empty where none was given.</param>
    /// <exception cref="LoginBusyException">Too many log in at once.</exception>
    public async Task<LoginOutcome> TryAsync(string email, string password, string? code, LoginSource source, CancellationToken cancel)
    {
        if (!PasswordRules.IsPossible(password))
            return LoginOutcome.Wrong;
        var account = accounts.Find(email);
        var attempt = AttemptOf(email, account, source);
        var wait = limiter.Begin(attempt);
        if (wait > TimeSpan.Zero)
        {
            if (string.IsNullOrEmpty(code) || !limiter.BeginSecondFactor(attempt) || account is null || factors.Match(account, code) is null)
                return LoginOutcome.Later(wait);
            limiter.SecondFactorSucceeded(attempt);
        }

        var (isRight, isOutdated) = await hasher.VerifyAsync(account?.PasswordHash, password, cancel);
        if (!isRight)
            return LoginOutcome.Wrong;
        if (isOutdated)
            accounts.Rehash(account!, await hasher.HashAsync(password, cancel));
        return CheckSecondFactor(account!, code, attempt);
    }

    /// <summary>The second step of a login whose password was right.</summary>
    public LoginOutcome TrySecondFactor(Account account, string code, LoginSource source)
    {
        var attempt = AttemptOf(account.Email, account, source);
        var wait = limiter.Begin(attempt);
        return wait > TimeSpan.Zero ? LoginOutcome.Later(wait) : CheckSecondFactor(account, code, attempt);
    }

    /// <summary>Whether a password is that of an account that is logged in: asked again before what matters.</summary>
    public async Task<LoginOutcome> ConfirmAsync(Account account, string password, LoginSource source, CancellationToken cancel)
    {
        if (!PasswordRules.IsPossible(password))
            return LoginOutcome.Wrong;
        var attempt = AttemptOf(account.Email, account, source);
        var wait = limiter.Begin(attempt);
        if (wait > TimeSpan.Zero)
            return LoginOutcome.Later(wait);
        if (!(await hasher.VerifyAsync(account.PasswordHash, password, cancel)).IsRight)
            return LoginOutcome.Wrong;
        limiter.Succeeded(attempt);
        return new LoginOutcome(account, null, TimeSpan.Zero);
    }

    private LoginOutcome CheckSecondFactor(Account account, string? code, LoginAttempt attempt)
    {
        if (account.HasTotp && string.IsNullOrEmpty(code))
        {
            limiter.Undecided(attempt);
            return new LoginOutcome(account, LoginRefusal.SecondFactor, TimeSpan.Zero);
        }

        if (account.HasTotp && !factors.Use(account, code!))
            return LoginOutcome.Wrong;
        limiter.Succeeded(attempt);
        return new LoginOutcome(account, null, TimeSpan.Zero);
    }

    private LoginAttempt AttemptOf(string email, Account? account, LoginSource source) => new(
        email, source.Address, known.FindBrowser(account?.Id ?? 0, source.Browser), known.IsKnown(account?.Id ?? 0, source.Address));
}
