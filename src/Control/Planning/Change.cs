using System.Text.Json.Serialization;

namespace Keyhole.Control;

/// <summary>One object that a plan adds, removes or changes.</summary>
/// <param name="Action">"add", "remove" or "change".</param>
/// <param name="Details">"tcp: "80" → "443"" for a change, "tcp: "443"" for an addition.</param>
internal sealed record Change(string Action, string Kind, string Name, IReadOnlyList<string> Details)
{
    [JsonIgnore]
    public char Sign => Action switch { "add" => '+', "remove" => '-', _ => '~' };
}
