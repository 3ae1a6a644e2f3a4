namespace Keyhole.Control;

/// <summary>Somebody who can log in to this server. What it may do, the organisations say that have a user of its address.</summary>
/// <param name="PasswordHash">In PHC format; null for an account that logs in otherwise.</param>
/// <param name="SealedTotp">The key of its one-time codes; null where it has none.</param>
/// <param name="PendingTotp">A key of which no code was shown yet.</param>
internal sealed record Account(
    long Id, string Email, string? PasswordHash, string? SealedTotp, string? PendingTotp, long TotpStep, bool IsServerAdmin, DateTimeOffset CreatedAt)
{
    public bool HasTotp => SealedTotp is not null;

    /// <summary>"Ann@acme.example" and "ann@acme.example" are one account.</summary>
    public static string KeyOf(string email) => email.ToLowerInvariant();
}
