using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Keyhole.Control.Tests;

/// <summary>As much of JSON Schema as the schema of network files uses; a word that it does not know fails.</summary>
internal static class SchemaValidator
{
    private static readonly string[] Known =
        ["$schema", "type", "description", "required", "properties", "additionalProperties", "items", "minItems", "anyOf", "enum", "const", "pattern", "format"];

    /// <summary>Where the value does not fit, by path; empty when it does.</summary>
    public static IReadOnlyList<string> Check(JsonNode? value, JsonObject schema, string path = "")
    {
        Assert.Empty(schema.Select(word => word.Key).Except(Known));
        var wrong = new List<string>();
        if (schema["anyOf"] is JsonArray forms && forms.All(form => Check(value, form!.AsObject(), path).Count != 0))
            wrong.Add($"{path}: fits none of {forms.Count} forms");
        if (schema["type"] is { } type && !(type is JsonArray types ? types.Select(item => item!.ToString()) : [type.ToString()]).Contains(TypeOf(value)))
            return [$"{path}: {TypeOf(value)}"];
        if (schema["const"] is { } only && !JsonNode.DeepEquals(only, value))
            wrong.Add($"{path}: not {only}");
        if (schema["enum"] is JsonArray known && !known.Any(item => JsonNode.DeepEquals(item, value)))
            wrong.Add($"{path}: {value} is none of them");
        if (schema["pattern"] is { } pattern && TypeOf(value) == "string" && !Regex.IsMatch(value!.ToString(), pattern.ToString(), RegexOptions.ECMAScript))
            wrong.Add($"{path}: {value} does not match");
        if (value is JsonObject mapping)
            wrong.AddRange(CheckObject(mapping, schema, path));
        if (value is JsonArray list && schema["items"] is JsonObject items)
        {
            if (list.Count < (schema["minItems"]?.GetValue<int>() ?? 0))
                wrong.Add($"{path}: too few");
            wrong.AddRange(list.SelectMany((item, index) => Check(item, items, string.Create(CultureInfo.InvariantCulture, $"{path}[{index}]"))));
        }

        return wrong;
    }

    /// <summary>YAML as its core schema reads it, which editors do too.</summary>
    public static JsonNode? ToJson(Node node) => node switch
    {
        MappingNode mapping => new JsonObject(mapping.Entries.Select(entry => KeyValuePair.Create(entry.Key.Value, ToJson(entry.Value)))),
        SequenceNode list => new JsonArray([.. list.Items.Select(ToJson)]),
        ScalarNode { IsNull: true } => null,
        ScalarNode { Plain: true, Value: "true" or "false" } flag => JsonValue.Create(flag.Value == "true"),
        ScalarNode { Plain: true } number when int.TryParse(number.Value, NumberStyles.None, CultureInfo.InvariantCulture, out int parsed) => JsonValue.Create(parsed),
        ScalarNode text => JsonValue.Create(text.Value),
        _ => throw new InvalidOperationException(),
    };

    private static IEnumerable<string> CheckObject(JsonObject mapping, JsonObject schema, string path)
    {
        var properties = schema["properties"]?.AsObject() ?? [];
        foreach (string required in (schema["required"]?.AsArray() ?? []).Select(item => item!.ToString()).Where(key => !mapping.ContainsKey(key)))
            yield return $"{path}.{required}: missing";
        foreach (var (key, value) in mapping)
        {
            if (properties[key] is JsonObject property)
            {
                foreach (string wrong in Check(value, property, $"{path}.{key}"))
                    yield return wrong;
            }
            else if (schema["additionalProperties"]?.GetValue<bool>() == false)
            {
                yield return $"{path}.{key}: unknown";
            }
        }
    }

    private static string TypeOf(JsonNode? value) => value?.GetValueKind() switch
    {
        null => "null",
        System.Text.Json.JsonValueKind.Object => "object",
        System.Text.Json.JsonValueKind.Array => "array",
        System.Text.Json.JsonValueKind.String => "string",
        System.Text.Json.JsonValueKind.Number => "integer",
        System.Text.Json.JsonValueKind.True or System.Text.Json.JsonValueKind.False => "boolean",
        _ => "null",
    };
}
