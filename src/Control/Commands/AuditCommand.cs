using System.CommandLine;
using System.Globalization;
using System.Text.Json;

namespace Keyhole.Control;

internal static class AuditCommand
{
    public static Command Create(Terminal terminal) => new("audit", "Who changed what, and whether the log of it is as it was written.") { CreateList(terminal), CreateVerify(terminal) };

    private static Command CreateList(Terminal terminal)
    {
        var data = Commands.DataOption();
        var organisation = new Option<string?>("--org") { Description = "Only of this organisation.", HelpName = "NAME" };
        var limit = new Option<int>("--limit") { Description = $"How many of the newest, at most {Maintenance.MaximumRows}.", HelpName = "N", DefaultValueFactory = _ => 50 };
        var before = new Option<long?>("--before") { Description = "Only older ones than this number.", HelpName = "NUMBER" };
        var json = Commands.JsonOption();
        var command = new Command("list", "Show the newest entries, the last one at the end.") { data, organisation, limit, before, json };
        command.SetAction((arguments, _) => Commands.RunAsync(terminal, arguments.GetRequiredValue(data), arguments.GetValue(organisation), async client =>
        {
            string older = arguments.GetValue(before) is { } number ? string.Create(CultureInfo.InvariantCulture, $"&before={number}") : "";
            var answer = await client.GetAsync(
                string.Create(CultureInfo.InvariantCulture, $"{MaintenanceRoutes.Audit}?limit={arguments.GetValue(limit)}{older}"), OperatorJson.Default.AuditAnswer);
            if (arguments.GetValue(json))
            {
                await terminal.Output.WriteLineAsync(JsonSerializer.Serialize(answer, OperatorJson.Readable.AuditAnswer));
                return 0;
            }

            foreach (var row in answer.Rows.Reverse())
                await terminal.Output.WriteLineAsync(ToText(row, answer.Organisations));
            return 0;
        }));
        return command;
    }

    private static Command CreateVerify(Terminal terminal)
    {
        var data = Commands.DataOption();
        var json = Commands.JsonOption();
        var command = new Command("verify", "Check that no entry was changed, removed, exchanged or added by anything but the server.") { data, json };
        command.SetAction((arguments, _) => Commands.RunAsync(terminal, arguments.GetRequiredValue(data), organisation: null, async client =>
        {
            var report = await client.GetAsync(MaintenanceRoutes.AuditVerify, OperatorJson.Default.AuditReport);
            if (arguments.GetValue(json))
                await terminal.Output.WriteLineAsync(JsonSerializer.Serialize(report, OperatorJson.Readable.AuditReport));
            else if (report.Problem is null)
                await terminal.Output.WriteLineAsync($"{report.Count} entries, unbroken; the last hash is {report.Head}");
            else
                await terminal.Error.WriteLineAsync($"keyhole-control: the audit log is not as it was written: {report.Problem}");
            return report.Problem is null ? 0 : 1;
        }));
        return command;
    }

    /// <summary>One line; what strangers have named reaches the terminal without control characters.</summary>
    private static string ToText(AuditRow row, IReadOnlyDictionary<int, string> organisations)
    {
        string organisation = row.Organisation is not { } id ? "-" : organisations.GetValueOrDefault(id, string.Create(CultureInfo.InvariantCulture, $"({id})"));
        string change = (row.Before, row.After) switch
        {
            (null, null) => "",
            (null, { } after) => $": {Findings.Shown(after)}",
            ({ } before, var after) => $": {Findings.Shown(before)} → {Findings.Shown(after ?? "nothing")}",
        };
        string address = row.Address is null ? "" : $" ({Findings.Shown(row.Address)})";
        return string.Create(CultureInfo.InvariantCulture,
            $"{row.Number} {row.At.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.fff'Z'} {organisation} {Findings.Shown(row.Actor)}{address} {Findings.Shown(row.Action)} {Findings.Shown(row.Subject)}{change}");
    }
}
