using System.CommandLine;

namespace Keyhole.Control;

/// <summary>The flags of "serve", one per <see cref="ConfigurationKeys"/> that has one.</summary>
internal sealed class ServeSettings
{
    private readonly Option<string?> _file = new("--config")
    {
        Description = $"The configuration file: YAML with the names of these flags as keys. {Configuration.FileVariable} may name it instead.",
        HelpName = "FILE",
    };

    private readonly Dictionary<ConfigurationKey, Option> _options = ConfigurationKeys.All.Where(key => !key.IsSecret).ToDictionary(key => key, Make);

    public void AddTo(Command command)
    {
        command.Add(_file);
        foreach (var option in _options.Values)
            command.Add(option);
    }

    /// <exception cref="OperatorException">The configuration is wrong.</exception>
    public Configuration Read(ParseResult arguments) => Configuration.Read(
        arguments.GetValue(_file),
        key => _options[key] switch
        {
            Option<bool?> flag => arguments.GetValue(flag) is { } on ? (on ? "true" : "false") : null,
            Option<string?> text => arguments.GetValue(text),
            _ => null,
        },
        Environment.GetEnvironmentVariable);

    private static Option Make(ConfigurationKey key)
    {
        string description = $"{key.Description}{(key.Default is { } standard ? $" [default: {standard}]" : "")} Or {key.Variable}.";
        return key.IsSwitch
            ? new Option<bool?>(key.Flag) { Description = description, Arity = ArgumentArity.ZeroOrOne }
            : new Option<string?>(key.Flag) { Description = description, HelpName = key.Placeholder };
    }
}
