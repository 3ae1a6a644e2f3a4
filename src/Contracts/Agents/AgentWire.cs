using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Keyhole.Contracts;

/// <summary>
/// The WebSocket between agents and Control: text messages of one JSON object each. Reading is strict: unknown, repeated
/// and missing members, nulls where none are meant, depth and size beyond the limits are refused.
/// </summary>
public static class AgentWire
{
    public const string Path = "/api/v1/agent";

    public const string IdHeader = "Keyhole-Id";

    public const string SecretHeader = "Keyhole-Secret";

    /// <summary>Bytes of the longest message that Control takes.</summary>
    public const int MaximumAgentMessageLength = 256 * 1024;

    /// <summary>Bytes of the longest message that an agent takes: a snapshot of tens of thousands of rows.</summary>
    public const int MaximumControlMessageLength = 32 * 1024 * 1024;

    public static byte[] Write(AgentMessage message) => JsonSerializer.SerializeToUtf8Bytes(message, ContractsJson.Default.AgentMessage);

    public static byte[] Write(ControlMessage message) => JsonSerializer.SerializeToUtf8Bytes(message, ContractsJson.Default.ControlMessage);

    /// <summary>The message, or null when it breaks the rules.</summary>
    public static AgentMessage? ReadAgentMessage(ReadOnlySpan<byte> json) =>
        json.Length > MaximumAgentMessageLength ? null : Read(json, ContractsJson.Default.AgentMessage);

    /// <summary>The message, or null when it breaks the rules.</summary>
    public static ControlMessage? ReadControlMessage(ReadOnlySpan<byte> json) =>
        json.Length > MaximumControlMessageLength ? null : Read(json, ContractsJson.Default.ControlMessage);

    private static T? Read<T>(ReadOnlySpan<byte> json, JsonTypeInfo<T> type) where T : class
    {
        try
        {
            // The serializer knows of members whether they may be null, of elements it does not.
            return HoldsNullInList(json) ? null : JsonSerializer.Deserialize(json, type);
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            return null;
        }
    }

    private static bool HoldsNullInList(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = ContractsJson.Default.Options.MaxDepth });
        var before = JsonTokenType.None;
        // A null behind a member's name is the member's value; every other one below the root stands in a list.
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.Null && reader.CurrentDepth > 0 && before != JsonTokenType.PropertyName)
                return true;
            before = reader.TokenType;
        }

        return false;
    }
}
