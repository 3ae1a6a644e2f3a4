using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Keyhole.Control;

/// <summary>JSON as the interface reads and writes it: camelCase, nothing unknown, nothing twice, no numbers in quotes.</summary>
internal static class ApiJson
{
    public static JsonSerializerOptions Options { get; } = Create(new JsonSerializerOptions(JsonSerializerDefaults.Web));

    public static JsonTypeInfo<T> TypeOf<T>() => (JsonTypeInfo<T>)Options.GetTypeInfo(typeof(T));

    /// <summary>The same rules for options that the framework made.</summary>
    public static JsonSerializerOptions Create(JsonSerializerOptions options)
    {
        options.MaxDepth = 2 * JsonBody.MaximumDepth;
        options.PropertyNameCaseInsensitive = false;
        options.NumberHandling = JsonNumberHandling.Strict;
        options.AllowDuplicateProperties = false;
        options.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
        options.RespectNullableAnnotations = true;
        options.RespectRequiredConstructorParameters = true;
        options.TypeInfoResolver ??= new DefaultJsonTypeInfoResolver();
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower));
        return options;
    }
}
