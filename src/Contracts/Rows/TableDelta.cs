namespace Keyhole.Contracts;

/// <summary>A change from exactly one revision to another; an agent at any other revision asks for a snapshot.</summary>
public sealed record TableDelta
{
    public required long FromRevision { get; init; }

    public required long Revision { get; init; }

    /// <summary>Rows that are new or changed, whole. Lists that did not change are empty.</summary>
    public Table? Upserts { get; init; }

    /// <summary>Identifiers of rows that are gone, by kind.</summary>
    public TableRemovals? Removals { get; init; }

    /// <summary>
    /// The smallest delta that takes <paramref name="from"/> to <paramref name="to"/>: applied, it gives the same rows, with
    /// new rows behind those that stayed.
    /// </summary>
    public static TableDelta Between(Table from, Table to)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(to);
        return new TableDelta
        {
            FromRevision = from.Revision,
            Revision = to.Revision,
            Upserts = to with
            {
                Relays = Changed(from.Relays, to.Relays),
                Sites = Changed(from.Sites, to.Sites),
                Peers = Changed(from.Peers, to.Peers),
                Resources = Changed(from.Resources, to.Resources),
                Grants = Changed(from.Grants, to.Grants),
                Ssh = Changed(from.Ssh, to.Ssh),
            },
            Removals = new TableRemovals
            {
                Relays = Gone(from.Relays, to.Relays),
                Sites = Gone(from.Sites, to.Sites),
                Peers = Gone(from.Peers, to.Peers),
                Resources = Gone(from.Resources, to.Resources),
                Grants = Gone(from.Grants, to.Grants),
                Ssh = Gone(from.Ssh, to.Ssh),
            },
        };
    }

    private static List<T> Changed<T>(IReadOnlyList<T> from, IReadOnlyList<T> to) where T : class, IRow
    {
        if (ReferenceEquals(from, to))
            return [];
        var changed = new List<T>();
        int aligned = Aligned(from, to);
        for (int index = 0; index < aligned; index++)
        {
            if (!to[index].Equals(from[index]))
                changed.Add(to[index]);
        }

        if (aligned == to.Count)
            return changed;
        var before = from.Skip(aligned).ToDictionary(row => row.Key);
        changed.AddRange(to.Skip(aligned).Where(row => !before.TryGetValue(row.Key, out var old) || !row.Equals(old)));
        return changed;
    }

    private static List<int> Gone<T>(IReadOnlyList<T> from, IReadOnlyList<T> to) where T : class, IRow
    {
        if (ReferenceEquals(from, to))
            return [];
        int aligned = Aligned(from, to);
        if (aligned == from.Count)
            return [];
        var after = to.Skip(aligned).Select(row => row.Key).ToHashSet();
        return [.. from.Skip(aligned).Select(row => row.Key).Where(key => !after.Contains(key))];
    }

    /// <summary>How many rows stand at the same place in both: most changes are of few rows, and new ones have new identifiers.</summary>
    private static int Aligned<T>(IReadOnlyList<T> from, IReadOnlyList<T> to) where T : class, IRow
    {
        int end = Math.Min(from.Count, to.Count);
        int aligned = 0;
        while (aligned < end && from[aligned].Key == to[aligned].Key)
            aligned++;
        return aligned;
    }
}
