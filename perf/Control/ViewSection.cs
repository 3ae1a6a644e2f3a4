using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Keyhole.Perf;

/// <summary>Lists of the interface as a page of a browser asks for them: part after part, of a network with 10,000 machines and 100,000 grants.</summary>
internal static class ViewSection
{
    private const int Walks = 5;
    private const int MostParts = 10;

    /// <returns>Milliseconds of each part.</returns>
    internal static List<double> Measure(ControlProgram control, Report report)
    {
        using var http = control.LogIn();
        var all = new List<double>();
        foreach (string list in (string[])["machines", "resources", "grants", "connectors"])
        {
            foreach (int limit in (int[])[100, 1000])
            {
                // The first walk warms up what the others measure.
                Walk(http, list, limit);
                var walks = Enumerable.Range(0, Walks).Select(_ => Walk(http, list, limit)).ToList();
                var parts = walks.SelectMany(walk => walk.Parts).Order().ToList();
                report.Row(
                    ("view", list), ("limit", limit), ("objects", walks[0].Objects), ("parts", walks[0].Parts.Count), ("part_p50_ms", parts[parts.Count / 2]), ("part_max_ms", parts[^1]),
                    ("walk_ms", walks.Average(walk => walk.Parts.Sum())));
                all.AddRange(parts);
            }
        }

        return all;
    }

    private static (int Objects, List<double> Parts) Walk(HttpClient http, string list, int limit)
    {
        var (objects, parts) = (0, new List<double>());
        string? after = null;
        do
        {
            var clock = Stopwatch.StartNew();
            string text = http.GetStringAsync($"/api/v1/orgs/{LargeNetwork.Organisation}/{list}?limit={limit}{(after is null ? "" : $"&after={Uri.EscapeDataString(after)}")}").GetAwaiter().GetResult();
            parts.Add(clock.Elapsed.TotalMilliseconds);
            var page = JsonNode.Parse(text)!;
            objects += page["items"]!.AsArray().Count;
            after = (string?)page["next"];
        }
        while (after is not null && parts.Count < MostParts);
        return (objects, parts);
    }
}
