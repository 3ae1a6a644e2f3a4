namespace Keyhole.Control;

/// <summary>
/// What the server was told, and by whom. A flag wins over the environment, the environment over the file, the file over the
/// default; an empty variable sets nothing.
/// </summary>
internal sealed class Configuration
{
    /// <summary>Names the file, when the flag does not.</summary>
    public const string FileVariable = "KEYHOLE_CONFIG";

    private const string Masked = "(set, not shown)";

    private readonly Dictionary<ConfigurationKey, ConfigurationValue> _values = [];

    /// <param name="file">The configuration file; null for the one that the environment names, if any.</param>
    /// <param name="flags">The values of flags that were given; null for all others.</param>
    /// <exception cref="OperatorException">The file cannot be read or holds something unknown, or a variable is neither true nor false.</exception>
    public static Configuration Read(string? file, Func<ConfigurationKey, string?> flags, Func<string, string?> environment)
    {
        var configuration = new Configuration();
        file ??= environment(FileVariable) is { Length: > 0 } named ? named : null;
        var fromFile = file is null ? new Dictionary<ConfigurationKey, ConfigurationValue>() : ConfigurationFile.Read(file);
        foreach (var key in ConfigurationKeys.All)
        {
            if ((key.IsSecret ? null : flags(key)) is { } flag)
                configuration._values[key] = new ConfigurationValue(flag, $"flag {key.Flag}");
            else if (environment(key.Variable) is { Length: > 0 } variable)
                configuration._values[key] = new ConfigurationValue(key.IsSwitch ? Switch(key, variable) : variable, $"environment {key.Variable}");
            else if (fromFile.TryGetValue(key, out var written))
                configuration._values[key] = written;
            else if (key.Default is { } standard)
                configuration._values[key] = new ConfigurationValue(standard, "default");
        }

        return configuration;
    }

    public string? Find(ConfigurationKey key) => _values.GetValueOrDefault(key)?.Value;

    public bool IsOn(ConfigurationKey key) => Find(key) == "true";

    /// <exception cref="OperatorException">Nobody set it.</exception>
    public string Require(ConfigurationKey key) => Find(key)
        ?? throw new OperatorException($"{key.Flag} is missing: give {key.Flag} {key.Placeholder}, set {key.Variable}, or write \"{key.Name}:\" into the configuration file");

    /// <summary>Every key with its value and where that comes from; secrets are masked, and what nobody set is null.</summary>
    public IReadOnlyList<PrintedValue> Print() =>
        [.. ConfigurationKeys.All.Select(key => _values.GetValueOrDefault(key) is { } value
            ? new PrintedValue(key.Name, key.IsSecret ? Masked : value.Value, value.Source)
            : new PrintedValue(key.Name, null, "nobody"))];

    private static string Switch(ConfigurationKey key, string text) => text.ToUpperInvariant() switch
    {
        "1" or "TRUE" => "true",
        "0" or "FALSE" => "false",
        _ => throw new OperatorException($"{key.Variable} is neither true nor false"),
    };
}
