using System.CommandLine;
using System.Text;
using System.Text.Json.Nodes;
using Keyhole.Cryptography;

namespace Keyhole.Agent;

/// <summary>The command line of an agent: run it, or ask a running one for its status.</summary>
public static class AgentProgram
{
    /// <param name="others">Commands of the program beside running the agent.</param>
    /// <returns>The exit code: 0, 1 for a failure that one line on standard error explains, 2 for a command line that is wrong.</returns>
    public static Task<int> RunAsync(AgentDefinition definition, string[] args, params Command[] others) =>
        RunAsync(definition, args, Environment.GetEnvironmentVariable, Console.In, Console.Out, Console.Error, others);

    /// <summary>Makes a command run the agent: its settings become options of the command.</summary>
    public static void Attach(Command command, AgentDefinition definition) =>
        Attach(command, definition, Environment.GetEnvironmentVariable, Console.In, Console.Error);

    /// <summary>A command that prints what the running agent's data path has shown.</summary>
    /// <param name="text">From the status, and whether everything is wanted, to what people read.</param>
    public static Command StatusCommand(Setting data, Func<JsonObject, bool, string> text) => StatusCommand(data, text, Environment.GetEnvironmentVariable, Console.Out, Console.Error);

    /// <summary>A command that ends the running agent gracefully.</summary>
    /// <param name="repair">Undoes what an agent of the directory could not undo when it ended, or was killed; false when there is nothing.</param>
    public static Command DownCommand(Setting data, Func<string, Task<bool>> repair) => DownCommand(data, repair, Environment.GetEnvironmentVariable, Console.Error);

    /// <summary>A command about the agent of a data directory, which may run or not.</summary>
    /// <param name="action">From the directory to the exit code; <see cref="AgentException"/> for what the operator can put right.</param>
    public static Command DirectoryCommand(
        string name, string description, Setting data, IEnumerable<Symbol> symbols, Func<string, ParseResult, TextWriter, Task<int>> action)
    {
        ArgumentNullException.ThrowIfNull(symbols);
        var directory = OptionFor(data);
        var command = new Command(name, description) { directory };
        foreach (var symbol in symbols)
        {
            if (symbol is Argument argument)
                command.Arguments.Add(argument);
            else
                command.Options.Add((Option)symbol);
        }

        command.SetAction((parsed, _) => GuardAsync(Console.Error, () => action(DirectoryOf(parsed, data, directory, Environment.GetEnvironmentVariable), parsed, Console.Out)));
        return command;
    }

    /// <summary>A command with settings: each is an option, or the environment variable of its name.</summary>
    /// <param name="action">From the settings and the output to the exit code; <see cref="AgentException"/> for what the operator can put right.</param>
    public static Command SettingsCommand(string name, string description, IEnumerable<Setting> settings, Func<SettingValues, TextWriter, Task<int>> action)
    {
        var options = settings.Select(setting => (Setting: setting, Option: OptionFor(setting))).ToArray();
        var command = new Command(name, description);
        foreach (var (_, option) in options)
            command.Options.Add(option);
        command.SetAction((parsed, _) => GuardAsync(Console.Error, () => action(new SettingValues(parsed, options, Environment.GetEnvironmentVariable), Console.Out)));
        return command;
    }

    /// <summary>Asks the agent that runs in a directory what <see cref="IAgentBody.AnswerAsync"/> answers.</summary>
    /// <exception cref="AgentException">None runs there, it does not answer, or it answers with an error.</exception>
    public static async Task<JsonObject> AskAsync(string directory, string request, string argument = "")
    {
        ArgumentNullException.ThrowIfNull(argument);
        byte[] answer = await StatusSocket.AskAsync(directory, argument.Length == 0 ? request : $"{request} {argument}");
        var json = JsonNode.Parse(answer) as JsonObject ?? throw new AgentException($"The agent in {directory} gave an answer of another version.");
        return (string?)json["error"] is { } error ? throw new AgentException(error) : json;
    }

    /// <summary>A text as a terminal may see it: control characters are escaped.</summary>
    public static string Shown(string text) => LineLoggerFactory.Escape(text);

    /// <summary>A command that prints the last lines of the running agent's log.</summary>
    public static Command LogsCommand(Setting data)
    {
        var count = new Option<int>("--lines", "-n") { Description = "How many at most.", DefaultValueFactory = _ => 100 };
        var json = new Option<bool>("--json") { Description = "Print a JSON object." };
        return DirectoryCommand("logs", "The last lines of the running agent's log, 500 at most. The service manager keeps the rest.", data, [count, json], async (directory, parsed, output) =>
        {
            var lines = (await AskAsync(directory, StatusSocket.LogsRequest))["lines"]!.AsArray().Select(line => (string?)line ?? "").TakeLast(Math.Max(0, parsed.GetValue(count))).ToList();
            if (parsed.GetValue(json))
                await output.WriteLineAsync(new JsonObject { ["lines"] = new JsonArray([.. lines.Select(line => (JsonNode)line)]) }.ToJsonString());
            else
                foreach (string line in lines)
                    await output.WriteLineAsync(line);
            return 0;
        });
    }

    /// <returns>The exit code: 2 for a command line that is wrong, otherwise the command's own.</returns>
    public static Task<int> InvokeAsync(RootCommand root, string[] args) => InvokeAsync(root, args, Console.Out, Console.Error);

    internal static Task<int> RunAsync(
        AgentDefinition definition, string[] args, Func<string, string?> environment, TextReader input, TextWriter output, TextWriter error, params Command[] others)
    {
        var root = new RootCommand(definition.Description);
        Attach(root, definition, environment, input, error);
        root.Subcommands.Add(StatusCommand(AgentSettings.Data, null, environment, output, error));
        foreach (var other in others)
            root.Subcommands.Add(other);
        return InvokeAsync(root, args, output, error);
    }

    private static async Task<int> InvokeAsync(RootCommand root, string[] args, TextWriter output, TextWriter error)
    {
        var line = root.Parse(args);
        int code = await line.InvokeAsync(new InvocationConfiguration { Output = output, Error = error, ProcessTerminationTimeout = null });
        // The library says 1 for a command line that it could not read; here 1 is a failure at run time.
        return line.Errors.Count > 0 ? 2 : code;
    }

    private static void Attach(Command command, AgentDefinition definition, Func<string, string?> environment, TextReader input, TextWriter error)
    {
        var common = AgentSettings.All.Concat(Provisioner.IsFor(definition.Kind) ? AgentSettings.Provisioning : [])
            .Select(setting => setting == AgentSettings.Data && definition.Data is { } own ? own : setting);
        var options = common.Concat(definition.Settings).Select(setting => (Setting: setting, Option: OptionFor(setting))).ToArray();
        foreach (var (_, option) in options)
            command.Options.Add(option);
        command.SetAction((parsed, _) => GuardAsync(error, async () =>
        {
            var values = new SettingValues(parsed, options, environment);
            using var loggers = new LineLoggerFactory(error, AgentOptions.LevelFrom(values.Require(AgentSettings.Log)), TimeProvider.System);
            var checkedOptions = await OptionsAsync(definition, values, input, loggers);
            using var signals = new ShutdownSignals();
            return await new AgentHost(definition, checkedOptions, values, loggers, definition.Time).RunAsync(signals);
        }));
    }

    /// <summary>An agent without an ID may have a provisioning key, or a login, instead.</summary>
    private static async Task<AgentOptions> OptionsAsync(AgentDefinition definition, SettingValues values, TextReader input, LineLoggerFactory loggers)
    {
        var data = definition.Data ?? AgentSettings.Data;
        if (Provisioner.IsFor(definition.Kind) && await Provisioner.ObtainAsync(values, data, input, loggers.CreateLogger("agent")) is { } provisioned)
            return AgentOptions.From(values, data, input, provisioned);
        if (definition.Identify is not { } identify || values.Get(AgentSettings.Id) is not null)
            return AgentOptions.From(values, data, input);
        if (values.Get(AgentSettings.Secret) is not null || values.Get(AgentSettings.SecretFile) is not null)
            throw new AgentException($"{AgentSettings.Id.Flag} is required beside a secret (or the environment variable {AgentSettings.Id.Variable}).");
        string directory = Path.GetFullPath(values.Require(data));
        return AgentOptions.From(values, directory, await identify(values, directory));
    }

    private static Command StatusCommand(Setting setting, Func<JsonObject, bool, string>? text, Func<string, string?> environment, TextWriter output, TextWriter error)
    {
        var data = OptionFor(setting);
        var json = new Option<bool>("--json") { Description = "Print the JSON object as it is." };
        var command = new Command("status", "What the running agent's data path has shown.") { data, json };
        var verbose = new Option<bool>("--verbose", "-v") { Description = "Show everything." };
        if (text is not null)
            command.Options.Add(verbose);
        command.SetAction((parsed, _) => GuardAsync(error, async () =>
        {
            byte[] status = await StatusSocket.AskAsync(DirectoryOf(parsed, setting, data, environment));
            if (parsed.GetValue(json))
                await output.WriteLineAsync(Encoding.UTF8.GetString(status));
            else if (text is not null && JsonNode.Parse(status) is JsonObject parts)
                await output.WriteAsync(text(parts, parsed.GetValue(verbose)));
            else
                await output.WriteAsync(StatusText.From(status));
            return 0;
        }));
        return command;
    }

    internal static Command DownCommand(Setting setting, Func<string, Task<bool>> repair, Func<string, string?> environment, TextWriter error)
    {
        var data = OptionFor(setting);
        var command = new Command("down", "Ends the running agent; what it set up on this machine goes with it.") { data };
        command.SetAction((parsed, _) => GuardAsync(error, async () =>
        {
            string directory = DirectoryOf(parsed, setting, data, environment);
            try
            {
                await RunningAgent.EndAsync(directory);
            }
            catch (AgentException) when (DataDirectory.IsFree(directory))
            {
                if (!await repair(directory))
                    throw;
                return 0;
            }

            await repair(directory);
            return 0;
        }));
        return command;
    }

    private static string DirectoryOf(ParseResult parsed, Setting setting, Option data, Func<string, string?> environment) =>
        Path.GetFullPath(new SettingValues(parsed, [(setting, data)], environment).Require(setting));

    private static Option OptionFor(Setting setting)
    {
        string description = $"{setting.Description} [{setting.Variable}]";
        string[] aliases = setting.Alias is { } alias ? [alias] : [];
        if (setting.IsSwitch)
            return new Option<bool>(setting.Flag, aliases) { Description = description };
        return setting.IsRepeatable
            ? new Option<string[]>(setting.Flag, aliases) { Description = description, HelpName = setting.Placeholder }
            : new Option<string?>(setting.Flag, aliases) { Description = description, HelpName = setting.Placeholder };
    }

    private static async Task<int> GuardAsync(TextWriter error, Func<Task<int>> action)
    {
        try
        {
            return await action();
        }
        catch (AgentException e)
        {
            await error.WriteLineAsync($"error: {LineLoggerFactory.Escape(e.Message)}");
            return 1;
        }
        catch (SodiumUnavailableException e)
        {
            await error.WriteLineAsync($"error: {LineLoggerFactory.Escape(e.Message)}");
            return 1;
        }
    }
}
