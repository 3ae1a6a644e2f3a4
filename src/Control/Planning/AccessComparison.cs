using System.Globalization;

namespace Keyhole.Control;

/// <summary>What a change of the network means to users and clients, by the work that the change is.</summary>
internal static class AccessComparison
{
    private const int ShownCount = 8;

    /// <summary>In the order in which a plan shows them.</summary>
    private static readonly string[] ClientKinds =
        [Names.Of(PrincipalKind.User), Names.Of(PeerKind.Device), Names.Of(PeerKind.Machine), Names.Of(PeerKind.ExternalClient)];

    /// <param name="before">Of <paramref name="from"/>.</param>
    /// <param name="after">Of <paramref name="to"/>.</param>
    public static List<AccessChange> Between(NetworkState from, Access before, NetworkState to, Access after)
    {
        if (ReferenceEquals(before, after) && ReferenceEquals(from.Resources, to.Resources))
            return [];
        var resourcesBefore = from.Resources.ToDictionary(resource => resource.Id);
        var resourcesAfter = to.Resources.ToDictionary(resource => resource.Id);
        var other = resourcesAfter.Values.Where(resource => !ReferenceEquals(resourcesBefore.GetValueOrDefault(resource.Id), resource)).Select(resource => resource.Id).ToHashSet();
        var has = new Dictionary<(string Kind, string Name), ValueList<int>>();
        var had = new Dictionary<(string Kind, string Name), ValueList<int>>();
        using var olds = before.All().GetEnumerator();
        using var news = after.All().GetEnumerator();
        // Most changes leave most clients at their place in the list.
        bool hasOld, hasNew;
        while ((hasOld = olds.MoveNext()) & (hasNew = news.MoveNext()) && olds.Current.Id == news.Current.Id)
            Note(olds.Current, news.Current);
        var known = new Dictionary<int, (int Id, string Kind, string Name, ValueList<int> Resources)>();
        for (; hasOld; hasOld = olds.MoveNext())
            known.Add(olds.Current.Id, olds.Current);
        for (; hasNew; hasNew = news.MoveNext())
        {
            if (known.Remove(news.Current.Id, out var old))
                Note(old, news.Current);
            else
                has.Add((news.Current.Kind, news.Current.Name), news.Current.Resources);
        }

        foreach (var gone in known.Values)
            had.TryAdd((gone.Kind, gone.Name), gone.Resources);
        return
        [
            .. had.Keys.Union(has.Keys).OrderBy(client => Array.IndexOf(ClientKinds, client.Kind)).ThenBy(client => client.Name, StringComparer.Ordinal)
                .Select(client => Between(client, ByName(had, client, resourcesBefore), ByName(has, client, resourcesAfter))).OfType<AccessChange>(),
        ];

        void Note((int Id, string Kind, string Name, ValueList<int> Resources) old, (int Id, string Kind, string Name, ValueList<int> Resources) now)
        {
            if (ReferenceEquals(old.Resources, now.Resources) && (other.Count == 0 || !now.Resources.Any(other.Contains)))
                return;
            had.Add((old.Kind, old.Name), old.Resources);
            has.Add((now.Kind, now.Name), now.Resources);
        }
    }

    /// <summary>"web from phone, tablet; db from ci", bounded, for a log line; empty when nobody loses anything.</summary>
    public static string RevocationsToText(IReadOnlyList<AccessChange> access)
    {
        var groups = access.Where(change => change.Revoked.Count != 0)
            .GroupBy(change => Shortened([.. change.Revoked]), change => change.Client, StringComparer.Ordinal)
            .Select(group => $"{group.Key} from {Shortened([.. group])}").ToList();
        return groups.Count <= ShownCount ? string.Join("; ", groups)
            : string.Create(CultureInfo.InvariantCulture, $"{string.Join("; ", groups.Take(ShownCount))}; and {groups.Count - ShownCount} more");
    }

    /// <summary>Names for a log line, bounded.</summary>
    public static string Shortened(List<string> names) =>
        names.Count <= ShownCount ? string.Join(", ", names)
        : string.Create(CultureInfo.InvariantCulture, $"{string.Join(", ", names.Take(ShownCount))} and {names.Count - ShownCount} more");

    private static AccessChange? Between((string Kind, string Name) client, Dictionary<string, Resource> had, Dictionary<string, Resource> has)
    {
        var gains = has.Keys.Except(had.Keys).Order(StringComparer.Ordinal).ToList();
        var loses = had.Keys.Except(has.Keys).Order(StringComparer.Ordinal).ToList();
        var changed = has.Keys.Where(name => had.TryGetValue(name, out var old) && !IsSame(old, has[name])).Order(StringComparer.Ordinal).ToList();
        return gains.Count + loses.Count + changed.Count == 0 ? null : new AccessChange(client.Kind, client.Name, gains, loses, changed)
        {
            Revoked = [.. loses, .. changed.Where(name => !Covers(has[name], had[name]))],
        };
    }

    private static Dictionary<string, Resource> ByName(Dictionary<(string Kind, string Name), ValueList<int>> access, (string Kind, string Name) client, Dictionary<int, Resource> resources) =>
        access.GetValueOrDefault(client, ValueList<int>.Empty).Select(id => resources[id]).ToDictionary(resource => resource.Name);

    private static bool IsSame(Resource left, Resource right) => left.Alias == right.Alias && Covers(left, right) && Covers(right, left);

    /// <summary>Whether everything that <paramref name="old"/> let through passes still.</summary>
    private static bool Covers(Resource resource, Resource old) =>
        resource.Site == old.Site && resource.Destination == old.Destination && (resource.Icmp || !old.Icmp)
        && Covers(resource.Tcp, old.Tcp) && Covers(resource.Udp, old.Udp);

    /// <summary>Ranges are joined where they touch: each old one lies within one of the others, or is not covered.</summary>
    private static bool Covers(ValueList<PortRange> ports, ValueList<PortRange> old) =>
        old.All(range => ports.Any(other => other.First <= range.First && range.Last <= other.Last));
}
