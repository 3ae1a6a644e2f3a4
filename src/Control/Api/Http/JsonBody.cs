using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;

namespace Keyhole.Control;

/// <summary>
/// Reads the body of a request: one JSON object, bounded in size (by the server) and depth, in which every member is known and
/// stands once, no list holds a null and no text a NUL. What a client may not set is no member of the type that is read here, so that it can set nothing else.
/// </summary>
internal static class JsonBody
{
    public const int MaximumDepth = 16;

    private static readonly JsonDocumentOptions Options = new() { MaxDepth = MaximumDepth, AllowDuplicateProperties = false };

    /// <exception cref="ApiException">It is none, or it holds unknown members or too few.</exception>
    public static async Task<T> ReadAsync<T>(HttpRequest request, JsonTypeInfo<T> type)
    {
        var body = await ReadObjectAsync(request);
        Check(body, type, partly: false);
        return Convert(body, type);
    }

    /// <exception cref="ApiException">It is no JSON object, or a list in it holds a null, or a text a NUL; or the caller's session or key ended before it was here.</exception>
    public static async Task<JsonObject> ReadObjectAsync(HttpRequest request)
    {
        if (!request.HasJsonContentType())
            throw new ApiException(StatusCodes.Status415UnsupportedMediaType, "Send the body as application/json.");
        try
        {
            if (await JsonNode.ParseAsync(request.Body, documentOptions: Options, cancellationToken: request.HttpContext.RequestAborted) is JsonObject body)
            {
                // It may have taken its time.
                if (request.HttpContext.Features.Get<RequestScope>() is { } scope && !scope.Caller.IsStillGood())
                    throw ApiRequest.Over();
                // Members are read lazily: what is wrong inside shows here, not in the middle of a change.
                _ = body.ToJsonString();
                // Types speak of members only: a list of strings would be read with a null in it.
                if (FindWrong(body, inArray: false, "") is var (place, problem))
                    throw ApiException.Field(Findings.Shown(place), problem);
                return body;
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or ArgumentException)
        {
            throw new ApiException(StatusCodes.Status400BadRequest, $"The body is no JSON, is nested deeper than {MaximumDepth} levels, or has a member twice.");
        }

        throw new ApiException(StatusCodes.Status400BadRequest, "The body must be one JSON object.");
    }

    /// <param name="partly">Members that the type requires may be left out.</param>
    /// <exception cref="ApiException">Members are unknown or missing.</exception>
    public static void Check<T>(JsonObject body, JsonTypeInfo<T> type, bool partly)
    {
        var known = type.Properties.Select(property => property.Name).ToList();
        var problems = body.Where(member => !known.Contains(member.Key, StringComparer.Ordinal))
            .Select(member => new KeyValuePair<string, string>(Findings.Shown(member.Key),
                Nearest.To(member.Key, known) is { } nearest ? $"unknown member; did you mean \"{nearest}\"?" : $"unknown member; known are {string.Join(", ", known)}"))
            .Concat(type.Properties.Where(property => property.IsRequired && (partly ? body.TryGetPropertyValue(property.Name, out var value) && value is null : body[property.Name] is null))
                .Select(property => new KeyValuePair<string, string>(property.Name, "this is missing")))
            .ToList();
        if (problems.Count != 0)
            throw ApiException.Fields(problems);
    }

    /// <exception cref="ApiException">A value has another type.</exception>
    public static T Convert<T>(JsonObject body, JsonTypeInfo<T> type)
    {
        try
        {
            return body.Deserialize(type)!;
        }
        catch (JsonException error)
        {
            string field = error.Path is { Length: > 2 } path ? path[2..] : "";
            throw ApiException.Field(Findings.Shown(field), "this value has the wrong form");
        }
    }

    /// <summary>The first value that no input takes, and where it stands ("scopes[0]"): a null inside an array, or a NUL, which PostgreSQL keeps in no text.</summary>
    private static (string Place, string Problem)? FindWrong(JsonNode? node, bool inArray, string place) => node switch
    {
        null => inArray ? (place, "no list holds a null") : null,
        JsonValue value => value.TryGetValue(out string? text) && text.Contains('\0', StringComparison.Ordinal) ? (place, "no text holds a NUL") : null,
        JsonArray items => items.Select((item, i) => FindWrong(item, inArray: true, $"{place}[{i}]")).FirstOrDefault(found => found is not null),
        JsonObject members => members.Select(member => FindWrong(member.Value, inArray: false, place.Length == 0 ? member.Key : $"{place}.{member.Key}")).FirstOrDefault(found => found is not null),
        _ => null,
    };
}
