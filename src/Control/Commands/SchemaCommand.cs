using System.CommandLine;

namespace Keyhole.Control;

internal static class SchemaCommand
{
    public static Command Create(Terminal terminal)
    {
        var command = new Command("schema", "Print the JSON Schema of network files, for editors.");
        command.SetAction((_, _) => Commands.RunAsync(terminal, async () =>
        {
            await terminal.Output.WriteAsync(NetworkSchema.Document);
            return 0;
        }));
        return command;
    }
}
