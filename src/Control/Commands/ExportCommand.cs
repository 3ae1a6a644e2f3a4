using System.CommandLine;

namespace Keyhole.Control;

internal static class ExportCommand
{
    public static Command Create(Terminal terminal)
    {
        var data = Commands.DataOption();
        var organisation = Commands.OrganisationOption();
        var command = new Command("export", "Print a network file that describes the network as it is.") { data, organisation };
        command.SetAction((arguments, _) => Commands.RunAsync(terminal, arguments.GetRequiredValue(data), arguments.GetValue(organisation), async client =>
        {
            var answer = await client.GetAsync(OperatorRoutes.Export, OperatorJson.Default.ExportAnswer);
            await terminal.Output.WriteAsync(answer.Text);
            return 0;
        }));
        return command;
    }
}
