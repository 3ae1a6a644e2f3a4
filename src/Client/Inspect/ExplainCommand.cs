using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Keyhole.Agent;

namespace Keyhole.Client;

/// <summary><c>keyhole explain</c>: how a target is reached, or the reason why not. Exit code 1 when not.</summary>
internal static class ExplainCommand
{
    public const string Request = "explain";

    public static Command Create()
    {
        var target = new Argument<string>("target") { Description = "A name or an address, with or without :PORT." };
        var json = new Option<bool>("--json") { Description = "Print the JSON object as it is." };
        return AgentProgram.DirectoryCommand("explain", "How the running client reaches a target, or why it does not.", UpSettings.Data, [target, json], async (directory, parsed, output) =>
        {
            var explained = await AgentProgram.AskAsync(directory, Request, parsed.GetRequiredValue(target));
            await output.WriteAsync(parsed.GetValue(json) ? explained.ToJsonString() + "\n" : ToText(explained));
            return (bool)explained["reachable"]! ? 0 : 1;
        });
    }

    internal static string ToText(JsonObject explained)
    {
        string target = (string)explained["target"]!;
        List<string> lines = [(string?)explained["reason"] is { } reason ? $"{target} is not reached: {reason}." : $"{target} is reached."];
        if ((string?)explained["address"] is { } address)
            lines.Add($"  address:   {address}");
        if (explained["resource"] is { } resource)
        {
            string opens = $"TCP {Or(resource["tcp"])}, UDP {Or(resource["udp"])}, ping {((bool)resource["icmp"]! ? "yes" : "no")}";
            lines.Add($"  resource:  {(string)resource["name"]!} on {(string)resource["site"]!}, {(string)resource["destination"]!} ({opens})");
        }

        foreach (var connector in explained["connectors"] as JsonArray ?? [])
            lines.Add($"  connector: {(string)connector!["name"]!}, {Path(connector)}");
        return string.Concat(lines.Select(line => AgentProgram.Shown(line) + "\n"));
    }

    /// <summary>"relayed by vps, 12.3 ms", or what is wrong with it.</summary>
    internal static string Path(JsonNode connector)
    {
        if (!(bool)connector["session"]!)
            return "no session";
        if ((bool)connector["silent"]!)
            return "silent";
        string path = (string)connector["path"]! is "relayed" ? $"relayed by {(string?)connector["relay"] ?? "no relay"}" : (string)connector["path"]!;
        return (double?)connector["roundTripMilliseconds"] is { } roundTrip ? string.Create(CultureInfo.InvariantCulture, $"{path}, {roundTrip:F1} ms") : path;
    }

    private static string Or(JsonNode? ports) => (string)ports! is { Length: > 0 } some ? some : "none";
}
