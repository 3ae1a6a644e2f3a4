using System.CommandLine;

namespace Keyhole.Agent;

/// <summary>Settings as given on the command line and in the environment.</summary>
public sealed class SettingValues
{
    private readonly Dictionary<Setting, (string Value, SettingSource Source)> _values = [];

    internal SettingValues(ParseResult parsed, IEnumerable<(Setting Setting, Option Option)> options, Func<string, string?> environment)
    {
        foreach (var (setting, option) in options)
        {
            string? flag = FlagOf(setting, option, parsed);
            if (flag is not null)
                _values[setting] = (flag, SettingSource.Flag);
            else if (environment(setting.Variable) is { Length: > 0 } twin)
                _values[setting] = (twin, SettingSource.Environment);
            else if (setting.Default is not null)
                _values[setting] = (setting.Default, SettingSource.Default);
        }
    }

    /// <summary>The value, or null when nobody gave one and there is no default.</summary>
    public string? Get(Setting setting) => Find(setting)?.Value;

    /// <summary>The value and who gave it, or null.</summary>
    public (string Value, SettingSource Source)? Find(Setting setting) => _values.TryGetValue(setting, out var found) ? found : null;

    /// <summary>What may be given by two settings, itself or the name of its file: the one that counts, which is the flag where the other is a variable.</summary>
    /// <returns>Null when nobody gave one.</returns>
    /// <exception cref="AgentException">Both are flags or both are variables, so that one would be ignored in silence.</exception>
    public (string Value, SettingSource Source, bool IsFile)? FindEither(Setting text, Setting fileName)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(fileName);
        var value = Find(text);
        var file = Find(fileName);
        if (value is not null && value.Value.Source == file?.Source)
        {
            throw new AgentException(value.Value.Source == SettingSource.Flag
                ? $"{text.Flag} and {fileName.Flag} are both given: remove one."
                : $"{text.Variable} and {fileName.Variable} are both set: remove one.");
        }

        if (file is { } named && !(value?.Source > named.Source))
            return (named.Value, named.Source, IsFile: true);
        return value is { } given ? (given.Value, given.Source, IsFile: false) : null;
    }

    /// <summary>All values of a setting that may be given several times; empty when nobody gave one.</summary>
    public IReadOnlyList<string> List(Setting setting) => Get(setting)?.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries) ?? [];

    /// <exception cref="AgentException">It was not given.</exception>
    public string Require(Setting setting)
    {
        ArgumentNullException.ThrowIfNull(setting);
        return Get(setting) ?? throw new AgentException($"{setting.Flag} is required (or the environment variable {setting.Variable}).");
    }

    /// <exception cref="AgentException">The variable is neither of 1, true, 0, false.</exception>
    public bool IsOn(Setting setting)
    {
        ArgumentNullException.ThrowIfNull(setting);
        return Get(setting) switch
        {
            null or "0" or "false" => false,
            "1" or "true" => true,
            var other => throw new AgentException($"{setting.Variable} is '{other}': expected 1, true, 0 or false."),
        };
    }

    /// <summary>A whole number of <paramref name="minimum"/> or more.</summary>
    /// <exception cref="AgentException">It is not one.</exception>
    public int? Number(Setting setting, int minimum, int maximum)
    {
        ArgumentNullException.ThrowIfNull(setting);
        if (Get(setting) is not { } text)
            return null;
        return int.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out int value)
            && value >= minimum && value <= maximum
            ? value
            : throw new AgentException($"{setting.Flag} is '{text}': expected a whole number from {minimum} to {maximum}.");
    }

    /// <summary>Null where the command line does not have it.</summary>
    private static string? FlagOf(Setting setting, Option option, ParseResult parsed)
    {
        if (setting.IsSwitch)
            return parsed.GetResult(option) is { Implicit: false } ? "true" : null;
        if (setting.IsRepeatable)
            return parsed.GetValue((Option<string[]>)option) is { Length: > 0 } given ? string.Join(' ', given) : null;
        return parsed.GetValue((Option<string?>)option);
    }
}
