using System.CommandLine;
using System.Text.Json.Nodes;
using Keyhole.Agent;

namespace Keyhole.Client;

/// <summary><c>keyhole repair</c>: undoes what a client that was killed has left on this machine. Without one it does nothing.</summary>
internal static class RepairCommand
{
    public static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "Print what was undone as a JSON object." };
        return AgentProgram.DirectoryCommand(
            "repair",
            "Puts back what a client that was killed has changed on this machine. Routes and addresses went with its interface.",
            UpSettings.Data,
            [json],
            async (directory, parsed, output) =>
            {
                var undone = await RepairAsync(directory);
                if (parsed.GetValue(json))
                    await output.WriteLineAsync(ToJson(undone).ToJsonString());
                else
                    await output.WriteLineAsync(undone is null ? "Nothing to repair." : $"The resolver's configuration ({undone.Kind}) is as it was.");
                return 0;
            });
    }

    /// <summary>Undoes what the client of this directory has left, and does nothing where there is no such directory.</summary>
    /// <exception cref="AgentException">The client runs, or it cannot be undone.</exception>
    public static async Task<RestoreRecord?> RepairAsync(string directory)
    {
        if (!Directory.Exists(directory))
            return null;
        using var held = DataDirectory.Open(directory);
        try
        {
            return await new RestoreFile(directory).UndoAsync();
        }
        catch (ResolverException e)
        {
            throw new AgentException(e.Message, e);
        }
    }

    /// <summary>The same behind a client that has ended, which leaves something only where it could not put it back.</summary>
    /// <returns>False when nothing was left; the directory is not held then.</returns>
    /// <exception cref="AgentException">It cannot be undone.</exception>
    public static async Task<bool> RepairLeftAsync(string directory) => new RestoreFile(directory).IsThere && await RepairAsync(directory) is not null;

    private static JsonObject ToJson(RestoreRecord? undone) => new()
    {
        ["repaired"] = undone is not null,
        ["dns"] = undone?.Kind,
        ["path"] = undone?.Path is { Length: > 0 } path ? path : null,
        ["interface"] = undone?.Link is { Length: > 0 } link ? link : null,
    };
}
