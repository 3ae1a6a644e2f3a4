using System.CommandLine;
using System.Text.Json.Nodes;
using Keyhole.Agent;

namespace Keyhole.Client;

/// <summary><c>keyhole list</c>: what was granted, and under which names and addresses.</summary>
internal static class ListCommand
{
    public const string Request = "list";

    public static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "Print the JSON object as it is." };
        return AgentProgram.DirectoryCommand("list", "What was granted, by the running client: names, overlay addresses, ports, sites.", UpSettings.Data, [json], async (directory, parsed, output) =>
        {
            var list = await AgentProgram.AskAsync(directory, Request);
            await output.WriteAsync(parsed.GetValue(json) ? list.ToJsonString() + "\n" : ToText(list));
            return 0;
        });
    }

    internal static string ToText(JsonObject list)
    {
        var resources = list["resources"]!.AsArray();
        if (resources.Count == 0)
            return "Nothing is granted.\n";
        List<string[]> rows = [["NAME", "ADDRESS", "DESTINATION", "TCP", "UDP", "PING", "SITE", "REACHABLE"]];
        foreach (var resource in resources)
        {
            rows.Add(
            [
                (string?)resource!["alias"] ?? (string)resource["name"]!,
                string.Join(' ', resource["overlay"]!.AsArray().Select(address => (string)address!)),
                (bool)resource["overlayOnly"]! ? $"({(string)resource["destination"]!})" : (string)resource["destination"]!,
                Or((string)resource["tcp"]!),
                Or((string)resource["udp"]!),
                (bool)resource["icmp"]! ? "yes" : "-",
                (string)resource["site"]!,
                (bool)resource["reachable"]! ? "yes" : "no",
            ]);
        }

        int[] widths = [.. Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => AgentProgram.Shown(row[column]).Length))];
        return string.Concat(rows.Select(row => string.Join("  ", row.Select((cell, column) => AgentProgram.Shown(cell).PadRight(widths[column]))).TrimEnd() + "\n"));
    }

    private static string Or(string ports) => ports.Length == 0 ? "-" : ports;
}
