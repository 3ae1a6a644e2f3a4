namespace Keyhole.SshHost;

/// <summary>All that the daemon knows: the content of state.json. Unchangeable.</summary>
internal sealed record HostState
{
    public int Version { get; init; } = 1;

    /// <summary>In the order in which they came.</summary>
    public IReadOnlyList<HostedResource> Resources { get; init; } = [];

    public IReadOnlyList<HostedAccount> Accounts { get; init; } = [];

    /// <summary>The organisations that were met, in the order in which they came.</summary>
    public IReadOnlyList<KnownAuthority> Known { get => field ?? []; init; }

    /// <summary>Null until the first list.</summary>
    public Revocations? Revocations { get; init; }

    /// <summary>In the order in which they came.</summary>
    public IReadOnlyList<string> Authorities => [.. Resources.Select(resource => resource.Authority).Distinct(StringComparer.Ordinal)];

    public HostedResource? Find(string authority, int resource) => Resources.FirstOrDefault(known => known.Authority == authority && known.Resource == resource);

    public KnownAuthority? FindAuthority(string authority) => Known.FirstOrDefault(known => known.Authority == authority);

    public HostedAccount? FindAccount(string authority, int user) => Accounts.FirstOrDefault(account => account.Authority == authority && account.User == user);

    /// <summary>Whether a user may log in to this host through a resource.</summary>
    public bool HasAccess(HostedAccount account, int resource) => Find(account.Authority, resource)?.Users.Contains(account.User) == true;

    /// <summary>What an account is to have now: what the resource says that ordered it last.</summary>
    public AccountRights RightsOf(HostedAccount account) => HasAccess(account, account.OrderedBy) ? Find(account.Authority, account.OrderedBy)!.Rights : AccountRights.None;

    /// <summary>Whether a user may log in to this host at all.</summary>
    public bool HasAccess(HostedAccount account) =>
        Resources.Any(resource => resource.Authority == account.Authority && resource.Users.Contains(account.User));

    /// <summary>
    /// The organisation's keys that are trusted, newest first: those of the newest row alone, so that no resource that was told of nothing since keeps a key in force
    /// that was retired.
    /// </summary>
    public IReadOnlyList<string> TrustedOf(string authority) => Resources.Any(resource => resource.Authority == authority) ? FindAuthority(authority)?.Trusted ?? [] : [];

    public HostState With(HostedResource resource)
    {
        var known = Resources.ToList();
        int index = known.FindIndex(other => other.Authority == resource.Authority && other.Resource == resource.Resource);
        if (index < 0)
            known.Add(resource with { Slot = Enumerable.Range(0, known.Count + 1).Except(known.Select(other => other.Slot)).First() });
        else
            known[index] = resource with { Slot = known[index].Slot };
        return this with { Resources = known };
    }

    public HostState Without(HostedResource resource) =>
        this with { Resources = [.. Resources.Where(other => other.Authority != resource.Authority || other.Resource != resource.Resource)] };

    /// <summary>For whom a row speaks: the site that it is of, and the one for which the resource was said last.</summary>
    public IReadOnlyList<int> SitesOf(HostedResource row) => Find(row.Authority, row.Resource) is { } known && known.Site != row.Site ? [row.Site, known.Site] : [row.Site];

    /// <summary>Whether the host was told something newer than a row.</summary>
    public bool IsOutdated(HostedResource row) => FindAuthority(row.Authority)?.IsNewerThan(row.Version, SitesOf(row)) == true;

    /// <summary>After a row that is not outdated.</summary>
    /// <param name="speaker">The connector that said it.</param>
    /// <param name="isMet">See <see cref="KnownAuthority.After"/>.</param>
    public HostState After(HostedResource row, string speaker, bool isMet)
    {
        var after = row.IsWithdrawn ? Without(row) : With(row);
        var served = after.Resources.Where(resource => resource.Authority == row.Authority).Select(resource => resource.Site).ToHashSet();
        return after.With((FindAuthority(row.Authority) ?? new KnownAuthority(row.Authority)).After(row, speaker, isMet, served));
    }

    public HostState With(KnownAuthority authority) => this with { Known = [.. Known.Where(other => other.Authority != authority.Authority), authority] };

    public HostState With(HostedAccount account)
    {
        var known = Accounts.ToList();
        int index = known.FindIndex(other => other.Authority == account.Authority && other.User == account.User);
        if (index < 0)
            known.Add(account);
        else
            known[index] = account;
        return this with { Accounts = known };
    }

    public HostState Without(HostedAccount account) =>
        this with { Accounts = [.. Accounts.Where(other => other.Authority != account.Authority || other.User != account.User)] };
}
