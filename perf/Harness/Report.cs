using System.Text.Json;
using System.Text.Json.Nodes;

namespace Keyhole.Perf;

/// <summary>JSON lines: rows, notes, and one flat object of results at the end.</summary>
internal sealed class Report(TextWriter output)
{
    private readonly Dictionary<string, double> _results = [];

    internal void Row(params ReadOnlySpan<(string Name, object? Value)> fields)
    {
        var line = new JsonObject();
        foreach (var (name, value) in fields)
            line[name] = value is double number ? JsonValue.Create(Round(number)) : JsonSerializer.SerializeToNode(value);
        output.WriteLine(line.ToJsonString());
        output.Flush();
    }

    internal void Note(string text) => Row(("note", text));

    internal void Set(string key, double value) => _results[key] = value;

    internal void Finish(IReadOnlyList<string> keys)
    {
        var line = new JsonObject();
        foreach (string key in keys)
            line[key] = _results.TryGetValue(key, out double value) ? JsonValue.Create(Round(value)) : null;
        output.WriteLine(line.ToJsonString());
        output.Flush();
    }

    private static double Round(double value) => Math.Round(value, Math.Abs(value) < 100 ? 3 : 1);
}
