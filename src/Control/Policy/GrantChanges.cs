namespace Keyhole.Control;

/// <summary>What a change of the network gives to one principal and takes from it, by the resources' identifiers.</summary>
internal sealed class GrantChanges
{
    public List<int> Added { get; } = [];

    public List<int> Removed { get; } = [];

    /// <summary>Compares two lists of grants in one pass: both are in the order of resource, kind and principal.</summary>
    public static Dictionary<(PrincipalKind Kind, int Id), GrantChanges> Between(ValueList<Grant> from, ValueList<Grant> to)
    {
        var changes = new Dictionary<(PrincipalKind Kind, int Id), GrantChanges>();
        if (ReferenceEquals(from, to))
            return changes;
        int old = 0;
        int now = 0;
        while (old < from.Count || now < to.Count)
        {
            int order = old == from.Count ? 1 : now == to.Count ? -1 : Compare(from[old], to[now]);
            if (order < 0)
                Of(from[old]).Removed.Add(from[old].Resource);
            else if (order > 0)
                Of(to[now]).Added.Add(to[now].Resource);
            old += order <= 0 ? 1 : 0;
            now += order >= 0 ? 1 : 0;
        }

        return changes;

        GrantChanges Of(Grant grant)
        {
            var principal = (grant.Kind, grant.Principal);
            if (!changes.TryGetValue(principal, out var change))
                changes.Add(principal, change = new GrantChanges());
            return change;
        }
    }

    private static int Compare(in Grant left, in Grant right) =>
        left.Resource != right.Resource ? left.Resource.CompareTo(right.Resource)
        : left.Kind != right.Kind ? left.Kind.CompareTo(right.Kind)
        : left.Principal.CompareTo(right.Principal);
}
