namespace Keyhole.SshHost;

/// <summary>
/// An organisation that this host was told of, and who may speak for it. It stays when its last resource has gone, so that nothing that was said before counts again.
/// </summary>
/// <param name="Connectors">Public keys in base64. None: the next connector that knows the pre-shared key.</param>
internal sealed record KnownAuthority(string Authority, IReadOnlyList<string> Connectors)
{
    private const int MaximumRetired = 64;

    /// <summary>Of the newest table that the host was told of.</summary>
    public RowVersion Version { get; init; } = RowVersion.None;

    /// <summary>Lineages that another one came after, oldest first.</summary>
    public IReadOnlyList<string> Retired { get; init; } = [];

    /// <summary>Public keys of the organisation's CA, as the newest table has them.</summary>
    public IReadOnlyList<string> Trusted { get; init; } = [];

    /// <summary>Whether something newer was said than what is said from a table.</summary>
    public bool IsNewerThan(RowVersion version) =>
        version.Lineage == Version.Lineage ? version.Revision < Version.Revision : version.Lineage.Length == 0 || Retired.Contains(version.Lineage, StringComparer.Ordinal);

    /// <summary>After a row that is not outdated. Whoever said it speaks for the organisation from now on, with those whom the row names.</summary>
    public KnownAuthority After(HostedResource row, string speaker) => this with
    {
        // A connector whose Control does not say who else there is takes nothing from the others.
        Connectors = [.. (row.Connectors.Count > 0 ? row.Connectors : Connectors).Append(speaker).Distinct(StringComparer.Ordinal)],
        Version = row.Version,
        Retired = row.Version.Lineage == Version.Lineage || Version == RowVersion.None ? Retired : [.. Retired.Append(Version.Lineage).TakeLast(MaximumRetired)],
        Trusted = row.IsWithdrawn ? Trusted : row.Trusted,
    };
}
