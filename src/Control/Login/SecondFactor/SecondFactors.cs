namespace Keyhole.Control;

/// <summary>One-time codes and recovery codes of accounts. Keys are sealed in the database; a code is taken once.</summary>
internal sealed class SecondFactors(Accounts accounts, SecretBox secrets, TimeProvider time)
{
    /// <summary>Whether this is a right and unused one-time code or recovery code. It is used now.</summary>
    public bool Use(Account account, string code) =>
        Match(account, code) is { } step ? accounts.UseTotp(account, step)
        : RecoveryCodes.Hash(account.Id, code) is { } hash && accounts.UseRecoveryCode(account, hash);

    /// <summary>The time step of a right and unused one-time code, which is not used by this.</summary>
    public long? Match(Account account, string code) =>
        account.SealedTotp is { } box ? Totp.Match(secrets.Open(box, PurposeOf(account.Id)), code, time.GetUtcNow(), account.TotpStep) : null;

    /// <summary>A new key, which is good when a code of it was shown.</summary>
    public byte[] Begin(Account account)
    {
        byte[] key = Totp.NewSecret();
        accounts.BeginTotp(account, secrets.Seal(key, PurposeOf(account.Id)));
        return key;
    }

    /// <summary>The key that waits for its first code; null when none does.</summary>
    public byte[]? PendingKey(Account account) => account.PendingTotp is { } box ? secrets.Open(box, PurposeOf(account.Id)) : null;

    /// <summary>Takes the new key into use.</summary>
    /// <returns>The recovery codes, shown once; null when the code is wrong, or another request was first.</returns>
    public IReadOnlyList<string>? Complete(Account account, string code, Actor actor)
    {
        if (PendingKey(account) is not { } key || Totp.Match(key, code, time.GetUtcNow(), 0) is not { } step)
            return null;
        var codes = RecoveryCodes.New();
        return accounts.CompleteTotp(account, step, Hashes(account, codes), new AuditEntry(actor, "set-totp", $"account {account.Email}")) ? codes : null;
    }

    /// <summary>New recovery codes in place of the old ones.</summary>
    public IReadOnlyList<string> RenewRecoveryCodes(Account account, Actor actor)
    {
        var codes = RecoveryCodes.New();
        accounts.SetRecoveryCodes(account, Hashes(account, codes), new AuditEntry(actor, "set-recovery-codes", $"account {account.Email}"));
        return codes;
    }

    private static IEnumerable<string> Hashes(Account account, IEnumerable<string> codes) => codes.Select(code => RecoveryCodes.Hash(account.Id, code)!);

    private static string PurposeOf(long account) => $"account {account}: one-time codes";
}
