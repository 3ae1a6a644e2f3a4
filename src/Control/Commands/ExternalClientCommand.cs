using System.CommandLine;

namespace Keyhole.Control;

internal static class ExternalClientCommand
{
    public static Command Create(Terminal terminal)
    {
        var name = new Argument<string>("NAME") { Description = "The external client as the network file names it." };
        var data = Commands.DataOption();
        var organisation = Commands.OrganisationOption();
        var newKey = new Option<bool>("--new-key") { Description = "Make new keys; a configuration that was shown before stops working." };
        var config = new Command("config", "Print the WireGuard configuration of a stock app. Its private key is shown the first time only.") { name, data, organisation, newKey };
        config.SetAction((arguments, _) => Commands.RunAsync(terminal, arguments.GetRequiredValue(data), arguments.GetValue(organisation), async client =>
        {
            var answer = await client.PostAsync(
                OperatorRoutes.Config, new ConfigRequest(arguments.GetRequiredValue(name), arguments.GetValue(newKey)),
                OperatorJson.Default.ConfigRequest, OperatorJson.Default.ConfigAnswer);
            await terminal.Output.WriteAsync(answer.Config);
            foreach (string note in answer.Notes)
                await terminal.Error.WriteLineAsync($"keyhole-control: {note}");
            return 0;
        }));
        return new Command("external-client", "Stock WireGuard apps.") { config };
    }
}
