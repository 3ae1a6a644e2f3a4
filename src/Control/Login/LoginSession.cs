namespace Keyhole.Control;

/// <summary>One login of one account, from one browser or one machine.</summary>
/// <param name="Expires">The absolute end; use does not move it.</param>
internal sealed record LoginSession(long Id, long Account, string Email, bool IsServerAdmin, DateTimeOffset LoggedInAt, DateTimeOffset Expires)
{
    /// <summary>Where the account counts; null: wherever its address stands. See <see cref="AccountOrganisations"/>.</summary>
    public IReadOnlySet<int>? Organisations { get; init; }
}
