namespace Keyhole.Contracts;

/// <summary>
/// What Control decided, as one agent needs it. Relay, connector and client get the same shape and a different view of it:
/// the relay sees all peers of the network, a connector its own site, a client what it was granted. Rows are keyed by
/// their identifier, unique within their kind, so that a <see cref="TableDelta"/> can replace them one by one.
/// </summary>
/// <remarks>A list that the sender does not know is empty: the reader of JSON gives null for it, whatever the initial value.</remarks>
public sealed record Table
{
    /// <summary>Counts every change of the network upwards; two equal revisions of one agent are equal tables.</summary>
    public required long Revision { get; init; }

    /// <summary>
    /// Names the history that <see cref="Revision"/> counts in: another one after Control was restored from a backup, when revisions may be lower than those that
    /// were given before. Empty where the sender does not know it.
    /// </summary>
    public string Lineage { get => field ?? ""; init; }

    /// <summary>The name of the organisation.</summary>
    public required string Organisation { get; init; }

    /// <summary>Overlay prefixes in use, in CIDR form (one of 100.64.0.0/10, one /48 of fd00::/8).</summary>
    public required IReadOnlyList<string> Overlay { get; init; }

    public IReadOnlyList<RelayRow> Relays { get => field ?? []; init; }

    public IReadOnlyList<SiteRow> Sites { get => field ?? []; init; }

    public IReadOnlyList<PeerRow> Peers { get => field ?? []; init; }

    public IReadOnlyList<ResourceRow> Resources { get => field ?? []; init; }

    public IReadOnlyList<GrantRow> Grants { get => field ?? []; init; }

    public IReadOnlyList<SshRow> Ssh { get => field ?? []; init; }

    /// <summary>
    /// The table after <paramref name="delta"/>, or null when the delta does not start at this revision and a snapshot is
    /// needed. Removals come first; a changed row keeps its place, a new one goes to the end.
    /// </summary>
    public Table? Apply(TableDelta delta)
    {
        ArgumentNullException.ThrowIfNull(delta);
        if (delta.FromRevision != Revision)
            return null;
        var upserts = delta.Upserts;
        var removals = delta.Removals;
        return this with
        {
            Revision = delta.Revision,
            Lineage = upserts is { Lineage: not "" } ? upserts.Lineage : Lineage,
            Organisation = upserts?.Organisation ?? Organisation,
            Overlay = upserts?.Overlay ?? Overlay,
            Relays = Merge(Relays, upserts?.Relays, removals?.Relays),
            Sites = Merge(Sites, upserts?.Sites, removals?.Sites),
            Peers = Merge(Peers, upserts?.Peers, removals?.Peers),
            Resources = Merge(Resources, upserts?.Resources, removals?.Resources),
            Grants = Merge(Grants, upserts?.Grants, removals?.Grants),
            Ssh = Merge(Ssh, upserts?.Ssh, removals?.Ssh),
        };
    }

    public bool Equals(Table? other) =>
        other is not null && Revision == other.Revision && Lineage == other.Lineage && Organisation == other.Organisation && AreSame(Overlay, other.Overlay)
        && AreSame(Relays, other.Relays) && AreSame(Sites, other.Sites) && AreSame(Peers, other.Peers)
        && AreSame(Resources, other.Resources) && AreSame(Grants, other.Grants) && AreSame(Ssh, other.Ssh);

    public override int GetHashCode() => HashCode.Combine(Revision, Organisation);

    /// <summary>Tables that follow each other share the lists that stay as they are.</summary>
    private static bool AreSame<T>(IReadOnlyList<T> left, IReadOnlyList<T> right) => ReferenceEquals(left, right) || left.SequenceEqual(right);

    private static IReadOnlyList<T> Merge<T>(IReadOnlyList<T> rows, IReadOnlyList<T>? upserts, IReadOnlyList<int>? removals) where T : class, IRow
    {
        if (upserts is null or [] && removals is null or [])
            return rows;
        var merged = new List<T>(rows.Count + (upserts?.Count ?? 0));
        var places = new Dictionary<int, int>();
        var gone = removals is null ? [] : removals.ToHashSet();
        foreach (var row in rows)
        {
            if (!gone.Contains(row.Key))
                Put(row);
        }

        foreach (var row in upserts ?? [])
            Put(row);
        return merged;

        void Put(T row)
        {
            if (places.TryAdd(row.Key, merged.Count))
                merged.Add(row);
            else
                merged[places[row.Key]] = row;
        }
    }
}
