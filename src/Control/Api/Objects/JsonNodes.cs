using System.Text.Json;
using System.Text.Json.Nodes;

namespace Keyhole.Control;

/// <summary>
/// Turns JSON into the nodes that network files are read from, so that one reader decides for both what a valid object is.
/// </summary>
internal static class JsonNodes
{
    /// <summary>What has no place in a file.</summary>
    private const int NoPlace = 0;

    /// <param name="keyOf">The key that a member has in network files.</param>
    public static MappingNode ToNode(JsonObject json, Func<string, string> keyOf) =>
        new(NoPlace, NoPlace, [.. json.Select(member => KeyValuePair.Create(Scalar(keyOf(member.Key), plain: true), ToNode(member.Value, keyOf)))]);

    private static Node ToNode(JsonNode? json, Func<string, string> keyOf) => json switch
    {
        null => Scalar("", plain: true),
        JsonObject mapping => ToNode(mapping, keyOf),
        JsonArray list => new SequenceNode(NoPlace, NoPlace, [.. list.Select(item => ToNode(item, keyOf))]),
        _ when json.GetValueKind() == JsonValueKind.String => Scalar(json.GetValue<string>(), plain: false),
        _ => Scalar(json.ToJsonString(), plain: true),
    };

    private static ScalarNode Scalar(string value, bool plain) => new(NoPlace, NoPlace, value, plain);
}
