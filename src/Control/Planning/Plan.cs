using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;

namespace Keyhole.Control;

/// <summary>The way from one state to another, as a person reads it.</summary>
/// <param name="FromRevision">The revision that the plan starts from.</param>
internal sealed record Plan(long FromRevision, IReadOnlyList<Change> Changes, IReadOnlyList<AccessChange> Access)
{
    /// <summary>What it means to sessions that live now; null where nobody asked the agents.</summary>
    public SessionsTouched? Sessions { get; init; }

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

        if (Sessions is { Ended: > 0 } or { Narrowed: > 0 })
            text.Append(CultureInfo.InvariantCulture, $"\nLive sessions: {Sessions.Ended} would end, {Sessions.Narrowed} would keep a part of what they reach.\n");
        text.Append(CultureInfo.InvariantCulture, $"\n{Count('+')} to add, {Count('~')} to change, {Count('-')} to remove.\n");
        return text.ToString();
    }

    private static void Append(StringBuilder text, string verb, IReadOnlyList<string> resources)
    {
        if (resources.Count != 0)
            text.Append(CultureInfo.InvariantCulture, $" {verb} {string.Join(", ", resources)};");
    }
}
