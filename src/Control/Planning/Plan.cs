using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;

namespace Keyhole.Control;

/// <summary>The way from one state to another, as a person reads it.</summary>
/// <param name="FromRevision">The revision that the plan starts from.</param>
internal sealed record Plan(long FromRevision, IReadOnlyList<Change> Changes, IReadOnlyList<AccessChange> Access)
{
    private const int ShownCount = 8;

    [JsonIgnore]
    public bool IsEmpty => Changes.Count == 0;

    public int Count(char sign) => Changes.Count(change => change.Sign == sign);

    public string ToText()
    {
        if (IsEmpty)
            return "Nothing to do: the network is as described.\n";
        var text = new StringBuilder();
        foreach (var change in Changes)
            text.Append(CultureInfo.InvariantCulture, $"{change.Sign} {change.Kind} {change.Name}{(change.Details.Count == 0 ? "" : $"  ({string.Join("; ", change.Details)})")}\n");
        text.Append(Access.Count == 0 ? "\nAccess: nobody gains or loses anything.\n" : "\nAccess:\n");
        foreach (var change in Access)
        {
            text.Append(CultureInfo.InvariantCulture, $"  {change.Kind} {change.Client}:");
            Append(text, "gains", change.Gains);
            Append(text, "loses", change.Loses);
            Append(text, "changes", change.Changes);
            text.Append('\n');
        }

        text.Append(CultureInfo.InvariantCulture, $"\n{Count('+')} to add, {Count('~')} to change, {Count('-')} to remove.\n");
        return text.ToString();
    }

    /// <summary>"web from phone, tablet; db from ci", bounded, for a log line; empty when nobody loses anything.</summary>
    public string RevocationsToText()
    {
        var groups = Access.Where(change => change.Revoked.Count != 0)
            .GroupBy(change => Shortened([.. change.Revoked]), change => change.Client, StringComparer.Ordinal)
            .Select(group => $"{group.Key} from {Shortened([.. group])}").ToList();
        return groups.Count <= ShownCount ? string.Join("; ", groups)
            : string.Create(CultureInfo.InvariantCulture, $"{string.Join("; ", groups.Take(ShownCount))}; and {groups.Count - ShownCount} more");
    }

    private static string Shortened(List<string> names) =>
        names.Count <= ShownCount ? string.Join(", ", names)
        : string.Create(CultureInfo.InvariantCulture, $"{string.Join(", ", names.Take(ShownCount))} and {names.Count - ShownCount} more");

    private static void Append(StringBuilder text, string verb, IReadOnlyList<string> resources)
    {
        if (resources.Count != 0)
            text.Append(CultureInfo.InvariantCulture, $" {verb} {string.Join(", ", resources)};");
    }
}
