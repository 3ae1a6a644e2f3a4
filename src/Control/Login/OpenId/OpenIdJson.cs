using System.Text.Json;

namespace Keyhole.Control;

/// <summary>JSON from providers: shallow, without names that occur twice, read by hand.</summary>
internal static class OpenIdJson
{
    private const int MaximumDepth = 16;

    /// <exception cref="OpenIdException">It is no object, too deep, or names something twice.</exception>
    public static JsonDocument Parse(ReadOnlyMemory<byte> json, string what)
    {
        try
        {
            var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = MaximumDepth, AllowDuplicateProperties = false });
            if (document.RootElement.ValueKind == JsonValueKind.Object)
                return document;
            document.Dispose();
        }
        catch (JsonException)
        {
        }

        throw new OpenIdException($"the {what} is no JSON object");
    }

    public static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>A list of texts, or one text as a list of one; null when there is neither.</summary>
    public static IReadOnlyList<string>? List(JsonElement element, string name)
    {
        if (!element.TryGetProperty(name, out var value))
            return null;
        if (value.ValueKind == JsonValueKind.String)
            return [value.GetString()!];
        return value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String)
            ? [.. value.EnumerateArray().Select(item => item.GetString()!)]
            : null;
    }

    /// <summary>Seconds since 1970 as an instant; null when it is no such number.</summary>
    public static DateTimeOffset? Time(JsonElement element, string name)
    {
        const double latest = 253402300799;
        return element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double seconds) && seconds is >= 0 and <= latest
            ? DateTimeOffset.UnixEpoch.AddSeconds(seconds)
            : null;
    }
}
