using System.CommandLine;
using System.Text.Json;

namespace Keyhole.Control;

internal static class ExternalClientCommand
{
    public static Command Create(Terminal terminal) => new("external-client", "Stock WireGuard apps.")
    {
        List(terminal), Show(terminal), Config(terminal), Qr(terminal), Enable(terminal, true), Enable(terminal, false),
    };

    private static Argument<string> NameArgument() => new("NAME") { Description = "The external client as the network file names it." };

    private static Option<bool> NewKeyOption() => new("--new-key") { Description = "Make new keys; a configuration that was shown before stops working." };

    private static Command List(Terminal terminal)
    {
        var (data, organisation, json) = (Commands.DataOption(), Commands.OrganisationOption(), Commands.JsonOption());
        var command = new Command("list", "Show all external clients: where they are, and whose configuration is outdated.") { data, organisation, json };
        command.SetAction((arguments, _) => Commands.RunAsync(terminal, arguments.GetRequiredValue(data), arguments.GetValue(organisation), async client =>
        {
            var answer = await client.GetAsync(OperatorRoutes.ExternalClients, OperatorJson.Default.ClientsAnswer);
            if (arguments.GetValue(json))
                await terminal.Output.WriteLineAsync(JsonSerializer.Serialize(answer, OperatorJson.Readable.ClientsAnswer));
            else
                foreach (var view in answer.Clients)
                    await terminal.Output.WriteLineAsync($"{view.Name,-20} {ExternalClientText.Summary(view, TimeProvider.System.GetUtcNow())}");
            return 0;
        }));
        return command;
    }

    private static Command Show(Terminal terminal)
    {
        var (name, data, organisation, json) = (NameArgument(), Commands.DataOption(), Commands.OrganisationOption(), Commands.JsonOption());
        var command = new Command("show", "Show all that is known of one external client.") { name, data, organisation, json };
        command.SetAction((arguments, _) => Commands.RunAsync(terminal, arguments.GetRequiredValue(data), arguments.GetValue(organisation), async client =>
        {
            var answer = await client.GetAsync(OperatorRoutes.ExternalClients, OperatorJson.Default.ClientsAnswer);
            string wanted = arguments.GetRequiredValue(name);
            var view = answer.Clients.FirstOrDefault(view => Names.Comparer.Equals(view.Name, wanted))
                ?? throw OperatorErrors.Unknown("external client", wanted, answer.Clients.Select(view => view.Name));
            if (arguments.GetValue(json))
                await terminal.Output.WriteLineAsync(JsonSerializer.Serialize(view, OperatorJson.Readable.ExternalClientView));
            else
                foreach (string line in ExternalClientText.Details(view, TimeProvider.System.GetUtcNow()))
                    await terminal.Output.WriteLineAsync(line);
            return 0;
        }));
        return command;
    }

    private static Command Config(Terminal terminal)
    {
        var (name, data, organisation, newKey) = (NameArgument(), Commands.DataOption(), Commands.OrganisationOption(), NewKeyOption());
        var command = new Command("config", "Print the WireGuard configuration of a stock app. Its private key is shown the first time only.") { name, data, organisation, newKey };
        command.SetAction((arguments, _) => Commands.RunAsync(terminal, arguments.GetRequiredValue(data), arguments.GetValue(organisation), async client =>
        {
            var answer = await AskAsync(terminal, client, new ConfigRequest(arguments.GetRequiredValue(name), arguments.GetValue(newKey)));
            await terminal.Output.WriteAsync(answer.Config);
            return 0;
        }));
        return command;
    }

    private static Command Qr(Terminal terminal)
    {
        var (name, data, organisation, newKey) = (NameArgument(), Commands.DataOption(), Commands.OrganisationOption(), NewKeyOption());
        var png = new Option<string?>("--png") { Description = "Write the code as a PNG image, which may not be there yet.", HelpName = "FILE" };
        var svg = new Option<string?>("--svg") { Description = "Write the code as an SVG image, which may not be there yet.", HelpName = "FILE" };
        var conf = new Option<string?>("--conf") { Description = "Write the text that the code holds, too.", HelpName = "FILE" };
        var command = new Command("qr", "Show the configuration of a stock app with its private key as a QR code, the first time only: in the terminal, or in files.")
        {
            name, data, organisation, newKey, png, svg, conf,
        };
        command.SetAction((arguments, _) => Commands.RunAsync(terminal, arguments.GetRequiredValue(data), arguments.GetValue(organisation), async client =>
        {
            // The files come first: a key that was made cannot be shown again because of one that cannot be written.
            using var files = new SecretFiles();
            var pngFile = files.Create(arguments.GetValue(png));
            var svgFile = files.Create(arguments.GetValue(svg));
            var confFile = files.Create(arguments.GetValue(conf));
            var answer = await AskAsync(terminal, client, new ConfigRequest(arguments.GetRequiredValue(name), arguments.GetValue(newKey), ForQr: true));
            if (pngFile is not null)
                await pngFile.WriteAsync(QrCode.Png(answer.Config));
            if (svgFile is not null)
                await svgFile.WriteAsync(System.Text.Encoding.UTF8.GetBytes(QrCode.Svg(answer.Config)));
            if (confFile is not null)
                await confFile.WriteAsync(System.Text.Encoding.UTF8.GetBytes(answer.Config));
            if (pngFile is null && svgFile is null)
                await terminal.Output.WriteLineAsync(QrCode.Terminal(answer.Config));
            files.Keep();
            return 0;
        }));
        return command;
    }

    private static Command Enable(Terminal terminal, bool enabled)
    {
        var (name, data, organisation) = (NameArgument(), Commands.DataOption(), Commands.OrganisationOption());
        var command = new Command(
            enabled ? "enable" : "disable",
            enabled ? "Let a stock app work again, with the configuration that it has." : "Keep a stock app out: its session ends, and its configuration works again once it is enabled.")
        {
            name, data, organisation,
        };
        command.SetAction((arguments, _) => Commands.RunAsync(terminal, arguments.GetRequiredValue(data), arguments.GetValue(organisation), async client =>
        {
            string wanted = arguments.GetRequiredValue(name);
            var report = await client.PostAsync(
                OperatorRoutes.Enable, new EnableRequest(wanted, enabled), OperatorJson.Default.EnableRequest, OperatorJson.Default.EnforcementReport);
            await terminal.Output.WriteLineAsync($"{wanted} is {(enabled ? "enabled" : "disabled")}.");
            foreach (string line in report.ToLines())
                await terminal.Output.WriteLineAsync(line);
            return 0;
        }));
        return command;
    }

    private static async Task<ConfigAnswer> AskAsync(Terminal terminal, OperatorClient client, ConfigRequest request)
    {
        var answer = await client.PostAsync(OperatorRoutes.Config, request, OperatorJson.Default.ConfigRequest, OperatorJson.Default.ConfigAnswer);
        foreach (string note in answer.Notes)
            await terminal.Error.WriteLineAsync($"keyhole-control: {note}");
        return answer;
    }
}
