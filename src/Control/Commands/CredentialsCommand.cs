using System.CommandLine;
using System.Text.Json;

namespace Keyhole.Control;

internal static class CredentialsCommand
{
    public static Command Create(Terminal terminal)
    {
        var command = new Command("credentials", "Make the ID and secret of an agent. Again makes a new secret: the old one is refused, and its connection and the public key that it told end.");
        foreach (var kind in new[] { AgentKind.Relay, AgentKind.Connector, AgentKind.Machine })
            command.Add(Create(terminal, kind));
        return command;
    }

    private static Command Create(Terminal terminal, AgentKind kind)
    {
        string word = Names.Of(kind);
        var name = new Argument<string>("NAME") { Description = $"The {word} as the network file names it." };
        var data = Commands.DataOption();
        var organisation = Commands.OrganisationOption();
        var json = Commands.JsonOption();
        var command = new Command(word, $"The ID and secret of a {word}.") { name, data, organisation, json };
        command.SetAction((arguments, _) => Commands.RunAsync(terminal, arguments.GetRequiredValue(data), arguments.GetValue(organisation), async client =>
        {
            var answer = await client.PostAsync(
                OperatorRoutes.Credentials, new CredentialRequest(kind, arguments.GetRequiredValue(name)),
                OperatorJson.Default.CredentialRequest, OperatorJson.Default.CredentialAnswer);
            if (arguments.GetValue(json))
            {
                await terminal.Output.WriteLineAsync(JsonSerializer.Serialize(answer, OperatorJson.Default.CredentialAnswer));
                return 0;
            }

            await terminal.Output.WriteLineAsync($"id:     {answer.Id}\nsecret: {answer.Secret}\n\nThe secret is shown this once. Write it into a file of mode 0600 and name that by --secret-file.");
            string[] lines = [.. answer.Enforcement.ToLines()];
            if (lines.Length != 0)
                await terminal.Output.WriteLineAsync($"\nThe public key that was told by the old secret ends with it:\n{string.Join('\n', lines)}");
            return 0;
        }));
        return command;
    }
}
