using System.CommandLine;
using System.Text;
using Keyhole.Cryptography;

namespace Keyhole.Agent;

/// <summary>The command line of an agent: run it, or ask a running one for its status.</summary>
public static class AgentProgram
{
    /// <returns>The exit code: 0, 1 for a failure that one line on standard error explains, 2 for a command line that is wrong.</returns>
    public static Task<int> RunAsync(AgentDefinition definition, string[] args) =>
        RunAsync(definition, args, Environment.GetEnvironmentVariable, Console.In, Console.Out, Console.Error);

    internal static async Task<int> RunAsync(
        AgentDefinition definition, string[] args, Func<string, string?> environment, TextReader input, TextWriter output, TextWriter error)
    {
        var options = AgentSettings.All.Concat(definition.Settings).Select(setting => (Setting: setting, Option: OptionFor(setting))).ToArray();
        var root = new RootCommand(definition.Description);
        foreach (var (_, option) in options)
            root.Options.Add(option);
        root.SetAction((parsed, _) => GuardAsync(error, async () =>
        {
            var values = new SettingValues(parsed, options, environment);
            var checkedOptions = AgentOptions.From(values, input);
            using var signals = new ShutdownSignals();
            using var loggers = new LineLoggerFactory(error, checkedOptions.LogLevel, TimeProvider.System);
            return await new AgentHost(definition, checkedOptions, values, loggers, TimeProvider.System).RunAsync(signals);
        }));
        root.Subcommands.Add(StatusCommand(environment, output, error));
        var line = root.Parse(args);
        int code = await line.InvokeAsync(new InvocationConfiguration { Output = output, Error = error, ProcessTerminationTimeout = null });
        // The library says 1 for a command line that it could not read; here 1 is a failure at run time.
        return line.Errors.Count > 0 ? 2 : code;
    }

    private static Command StatusCommand(Func<string, string?> environment, TextWriter output, TextWriter error)
    {
        var data = OptionFor(AgentSettings.Data);
        var json = new Option<bool>("--json") { Description = "Print the JSON object as it is." };
        var command = new Command("status", "What the running agent's data path has shown.") { data, json };
        command.SetAction((parsed, _) => GuardAsync(error, async () =>
        {
            var values = new SettingValues(parsed, [(AgentSettings.Data, data)], environment);
            byte[] status = await StatusSocket.AskAsync(Path.GetFullPath(values.Require(AgentSettings.Data)));
            if (parsed.GetValue(json))
                await output.WriteLineAsync(Encoding.UTF8.GetString(status));
            else
                await output.WriteAsync(StatusText.From(status));
            return 0;
        }));
        return command;
    }

    private static Option OptionFor(Setting setting)
    {
        string description = $"{setting.Description} [{setting.Variable}]";
        return setting.IsSwitch
            ? new Option<bool>(setting.Flag) { Description = description }
            : new Option<string?>(setting.Flag) { Description = description, HelpName = setting.Placeholder };
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
