using System.CommandLine;

namespace Keyhole.Control;

/// <summary>The command line of keyhole-control.</summary>
internal static class Commands
{
    public static RootCommand Create(Terminal terminal) => new("The control plane of a Keyhole network.")
    {
        ServeCommand.Create(terminal),
        ApplyCommand.Create(terminal),
        CredentialsCommand.Create(terminal),
        ExternalClientCommand.Create(terminal),
        StatusCommand.Create(terminal),
        ExportCommand.Create(terminal),
        AdminCommand.Create(terminal),
        LoginProviderCommand.Create(terminal),
        ExplainCommand.Create(terminal),
        ProvisioningKeyCommand.Create(terminal),
        SshCommand.Create(terminal),
        SchemaCommand.Create(terminal),
        ConfigCommand.Create(terminal),
        AuditCommand.Create(terminal),
        BackupCommand.Create(terminal),
        RestoreCommand.Create(terminal),
    };

    public static Option<string> DataOption() => new("--data") { Description = "The data directory of the server.", HelpName = "DIR", Required = true };

    public static Option<string?> OrganisationOption() => new("--org") { Description = "The organisation; not needed where the server holds only one.", HelpName = "NAME" };

    public static Option<string?> DatabaseOption() => new("--database-file")
    {
        Description = $"A file that holds the connection string of a PostgreSQL database; the environment variable {DatabaseSource.Variable} may hold it instead. Without either: SQLite in the data directory.",
        HelpName = "FILE",
    };

    public static Option<bool> JsonOption() => new("--json") { Description = "Print one JSON object instead of text." };

    /// <summary>Runs a command; what the operator can put right is one line on standard error and exit code 1.</summary>
    public static async Task<int> RunAsync(Terminal terminal, Func<Task<int>> command)
    {
        try
        {
            return await command();
        }
        catch (OperatorException error)
        {
            await terminal.Error.WriteLineAsync($"keyhole-control: {error.Message}");
            return 1;
        }
    }

    /// <summary>Runs a command against the server of a data directory.</summary>
    /// <param name="organisation">The one that the command is for; null: the only one.</param>
    public static Task<int> RunAsync(Terminal terminal, string data, string? organisation, Func<OperatorClient, Task<int>> command) => RunAsync(terminal, async () =>
    {
        using var client = new OperatorClient(DataDirectory.Open(data), organisation);
        return await command(client);
    });
}
