using System.CommandLine;
using System.Text.Json;

namespace Keyhole.Control;

/// <summary>Who reaches what, or why not. Exit code 1 when it is not reached.</summary>
internal static class ExplainCommand
{
    public static Command Create(Terminal terminal)
    {
        var subject = new Argument<string>("SUBJECT") { Description = "A user's e-mail address, or machine/NAME, device/NAME, external-client/NAME." };
        var target = new Argument<string>("TARGET") { Description = "A resource, an alias or an address, with or without :PORT and /tcp or /udp." };
        var data = Commands.DataOption();
        var organisation = Commands.OrganisationOption();
        var json = Commands.JsonOption();
        var command = new Command("explain", "Say whether somebody reaches something and how, or the exact reason why not and what would mend it.") { subject, target, data, organisation, json };
        command.SetAction((arguments, _) => Commands.RunAsync(terminal, arguments.GetRequiredValue(data), arguments.GetValue(organisation), async client =>
        {
            var answer = await client.PostAsync(
                OperatorRoutes.Explain, new ExplainRequest(arguments.GetRequiredValue(subject), arguments.GetRequiredValue(target)),
                OperatorJson.Default.ExplainRequest, OperatorJson.Default.ExplainAnswer);
            await terminal.Output.WriteAsync(arguments.GetValue(json) ? JsonSerializer.Serialize(answer.Explanation, OperatorJson.Readable.Explanation) + "\n" : answer.Text);
            return answer.Explanation.Reachable ? 0 : 1;
        }));
        return command;
    }
}
