using System.CommandLine;

namespace Keyhole.Control;

internal static class RestoreCommand
{
    public static Command Create(Terminal terminal)
    {
        var file = new Argument<string>("FILE") { Description = "What \"backup\" has written." };
        var data = Commands.DataOption();
        var database = Commands.DatabaseOption();
        var command = new Command("restore", "Make an empty database what a backup holds, while no server runs on it. The key of that time must be in the data directory.") { file, data, database };
        command.SetAction((arguments, _) => Commands.RunAsync(terminal, async () =>
        {
            var directory = DataDirectory.Create(arguments.GetRequiredValue(data));
            await using var held = directory.Hold();
            var (rows, at) = Restoring.Run(arguments.GetRequiredValue(file), directory, DatabaseSource.Read(arguments.GetValue(database)), TimeProvider.System);
            await terminal.Output.WriteLineAsync($"""
                {rows} rows restored, as they were at {TimeSyntax.Format(at)}.
                All logins are over, and so are links, and invitations that nobody had used: invite again.
                What was taken away or used up after that time is as it was before: look through API keys, credentials of agents, provisioning keys, recovery codes, users, roles and grants.
                Start the server with: keyhole-control serve --data {directory.Path}
                """);
            return 0;
        }));
        return command;
    }
}
