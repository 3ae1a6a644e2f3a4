using System.CommandLine;
using System.Text.Json;

namespace Keyhole.Control;

internal static class StatusCommand
{
    public static Command Create(Terminal terminal)
    {
        var data = Commands.DataOption();
        var organisation = Commands.OrganisationOption();
        var json = Commands.JsonOption();
        var command = new Command("status", "Show what the server knows: its revision, and which agents are connected and follow it.") { data, organisation, json };
        command.SetAction((arguments, _) => Commands.RunAsync(terminal, arguments.GetRequiredValue(data), arguments.GetValue(organisation), async client =>
        {
            var status = await client.GetAsync(OperatorRoutes.Status, OperatorJson.Default.StatusAnswer);
            if (arguments.GetValue(json))
                await terminal.Output.WriteLineAsync(JsonSerializer.Serialize(status, OperatorJson.Readable.StatusAnswer));
            else
                Show(terminal.Output, status);
            return 0;
        }));
        return command;
    }

    private static void Show(TextWriter output, StatusAnswer status)
    {
        output.WriteLine(status.Organisation is null
            ? "No network yet: keyhole-control apply -f network.yaml"
            : $"{status.Organisation}, revision {status.Revision}");
        foreach (var agent in status.Agents)
            output.WriteLine($"  {agent.Kind,-9} {agent.Name,-20} {Describe(agent)}");
        foreach (var client in status.ExternalClients)
            output.WriteLine($"  {"external",-9} {client.Name,-20} {ExternalClientText.Summary(client, TimeProvider.System.GetUtcNow())}");
    }

    private static string Describe(StatusOfAgent agent) => agent switch
    {
        { HasCredential: false } => "no credentials yet",
        { Link: { Connected: true, UpToDate: true } link } => $"connected since {link.ConnectedAt:u}, follows revision {link.AckedRevision}",
        { Link: { Connected: true } link } => $"connected since {link.ConnectedAt:u}, confirmed {(link.AckedRevision is { } acked ? $"revision {acked}" : "nothing yet")}",
        { PublicKey: null } => "never connected",
        _ => "not connected",
    };
}
