using System.Text.Json.Serialization;

namespace Keyhole.SshHost;

/// <summary>
/// An organisation that this host was told of, and who may speak for it. It stays when its last resource has gone, so that nothing that was said before counts again.
/// </summary>
internal sealed record KnownAuthority(string Authority)
{
    private const int MaximumRetired = 64;

    /// <summary>Those that have resources here; when the last resource has gone, those that had it. Each has a table of its own, and connectors of its own.</summary>
    public IReadOnlyList<KnownSite> Sites
    {
        get => field ?? (Connectors is null ? [] : [new KnownSite(0, Connectors, Version)]);
        init;
    }

    /// <summary>Root of the host has said that a connector which nobody named may speak: the next until then that knows the pre-shared key.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? OpenUntil { get; init; }

    /// <summary>Of the newest table whose keys are trusted; its lineage is the one that counts.</summary>
    public RowVersion Version { get; init; } = RowVersion.None;

    /// <summary>Lineages that another one came after, oldest first.</summary>
    public IReadOnlyList<string> Retired { get; init; } = [];

    /// <summary>Public keys of the organisation's CA, as the newest table has them.</summary>
    public IReadOnlyList<string> Trusted { get; init; } = [];

    /// <summary>In the place of <see cref="Sites"/> in a state that was written when there was one site; never written.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Connectors { get; init; }

    public KnownSite? FindSite(int site) => Sites.FirstOrDefault(known => known.Site == site);

    /// <summary>Whether something newer was said for one of the sites than what is said from a table.</summary>
    public bool IsNewerThan(RowVersion version, IReadOnlyList<int> sites) => version.Lineage != Version.Lineage
        ? version.Lineage.Length == 0 || Retired.Contains(version.Lineage, StringComparer.Ordinal)
        : Sites.Any(known => sites.Contains(known.Site) && known.Version.Lineage == version.Lineage && known.Version.Revision > version.Revision);

    /// <summary>After root's word: there is a place for one more connector, and how new that was what was said is forgotten.</summary>
    public KnownAuthority Admitted(DateTimeOffset until) => this with
    {
        Sites = [.. Sites.Select(site => site with { Version = RowVersion.None })],
        Connectors = null,
        OpenUntil = until,
        Version = RowVersion.None,
        Retired = [],
    };

    /// <summary>
    /// After a row that is not outdated. Whoever said it speaks for its site from now on, with those whom the row names; a site that has no resource here any more is
    /// spoken for by nobody.
    /// </summary>
    /// <param name="isMet">False for a connector that nobody named: it has the place that was open.</param>
    /// <param name="served">The sites that have resources here now.</param>
    public KnownAuthority After(HostedResource row, string speaker, bool isMet, IReadOnlyCollection<int> served)
    {
        bool isSameLineage = row.Version.Lineage == Version.Lineage;
        var known = this with
        {
            Sites = [.. WithSite(row, speaker, isMet).Where(site => served.Count == 0 || served.Contains(site.Site))],
            Connectors = null,
            OpenUntil = isMet ? OpenUntil : null,
            Retired = isSameLineage || Version == RowVersion.None ? Retired : [.. Retired.Append(Version.Lineage).TakeLast(MaximumRetired)],
        };
        // A row that takes a resource away names no keys: those of another site's older table are still the newest.
        if (row.IsWithdrawn)
            return isSameLineage ? known : known with { Version = row.Version with { Revision = 0 } };
        return isSameLineage && row.Version.Revision < Version.Revision ? known : known with { Version = row.Version, Trusted = row.Trusted };
    }

    private IEnumerable<KnownSite> WithSite(HostedResource row, string speaker, bool isMet)
    {
        var known = FindSite(row.Site);
        // What takes a resource away was written when it was hosted: it does not say who is there now.
        if (row.IsWithdrawn && known is null && Sites.Count > 0)
            return Sites;
        // A connector whose Control does not say who else there is takes nothing from the others.
        var named = row.Connectors.Count > 0 && !row.IsWithdrawn ? row.Connectors : isMet && known is not null ? known.Connectors : [];
        return Sites.Where(site => site != known).Append(new KnownSite(row.Site, [.. named.Append(speaker).Distinct(StringComparer.Ordinal)], row.Version));
    }
}
