using System.CommandLine;

namespace Keyhole.Control;

internal static class BackupCommand
{
    public static Command Create(Terminal terminal)
    {
        var file = new Argument<string>("FILE") { Description = "Where to; it must not be there yet." };
        var data = Commands.DataOption();
        var command = new Command("backup", "Write everything that the running server knows into one file. The key (control.key) is not in it: keep that too, apart from the backups.") { file, data };
        command.SetAction((arguments, _) => Commands.RunAsync(terminal, arguments.GetRequiredValue(data), organisation: null, async client =>
        {
            string path = arguments.GetRequiredValue(file);
            bool whole = false;
            await using var stream = Backups.Create(path);
            try
            {
                await client.DownloadAsync(MaintenanceRoutes.Backup, stream);
                stream.Flush(flushToDisk: true);
                whole = true;
            }
            catch (IOException error)
            {
                throw new OperatorException($"the backup cannot be written: {error.Message}");
            }
            finally
            {
                if (!whole)
                    File.Delete(path);
            }

            await terminal.Output.WriteLineAsync($"{stream.Length} bytes in {path}. A restore also needs {DataDirectory.Open(arguments.GetRequiredValue(data)).KeyFile} as it is now.");
            return 0;
        }));
        return command;
    }
}
