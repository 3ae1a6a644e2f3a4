using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Keyhole.Agent;

/// <summary>A status for people: the JSON object as indented lines, names in plain words.</summary>
internal static class StatusText
{
    public static string From(ReadOnlyMemory<byte> json)
    {
        using var document = JsonDocument.Parse(json);
        var text = new StringBuilder();
        Append(text, document.RootElement, 0);
        return text.ToString();
    }

    private static void Append(StringBuilder text, JsonElement element, int depth)
    {
        if (element.ValueKind == JsonValueKind.Object)
        {
            foreach (var member in element.EnumerateObject())
                AppendNamed(text, Words(member.Name), member.Value, depth);
            return;
        }

        int index = 1;
        foreach (var item in element.EnumerateArray())
            AppendNamed(text, string.Create(CultureInfo.InvariantCulture, $"{index++}"), item, depth);
    }

    private static void AppendNamed(StringBuilder text, string name, JsonElement value, int depth)
    {
        text.Append(' ', depth * 2).Append(name).Append(':');
        switch (value.ValueKind)
        {
            case JsonValueKind.Object when value.EnumerateObject().Any():
            case JsonValueKind.Array when value.GetArrayLength() > 0:
                text.Append('\n');
                Append(text, value, depth + 1);
                break;
            case JsonValueKind.Object or JsonValueKind.Array or JsonValueKind.Null:
                text.Append(" none\n");
                break;
            case JsonValueKind.True:
                text.Append(" yes\n");
                break;
            case JsonValueKind.False:
                text.Append(" no\n");
                break;
            default:
                text.Append(' ').Append(LineLoggerFactory.Escape(value.ToString())).Append('\n');
                break;
        }
    }

    /// <summary>"lastHandshakeAt" becomes "last handshake at".</summary>
    private static string Words(string name)
    {
        var words = new StringBuilder(name.Length + 4);
        foreach (char c in name)
        {
            if (char.IsAsciiLetterUpper(c) && words.Length > 0)
                words.Append(' ');
            words.Append(char.ToLowerInvariant(c));
        }

        return LineLoggerFactory.Escape(words.ToString());
    }
}
