namespace Keyhole.Agent;

/// <summary>
/// One thing that an operator may set: by its flag, or by the environment variable of the same name. The flag wins over
/// the environment, the environment over the default.
/// </summary>
public sealed class Setting
{
    /// <param name="flag">With its dashes: "--metrics".</param>
    /// <param name="placeholder">What the value is, for the help: "ADDR:PORT".</param>
    public Setting(string flag, string placeholder, string description)
    {
        ArgumentNullException.ThrowIfNull(flag);
        Flag = flag;
        Placeholder = placeholder;
        Description = description;
        Variable = "KEYHOLE_" + flag.TrimStart('-').Replace('-', '_').ToUpperInvariant();
    }

    public string Flag { get; }

    public string Placeholder { get; }

    public string Description { get; }

    /// <summary>The environment twin: "KEYHOLE_METRICS".</summary>
    public string Variable { get; }

    /// <summary>A flag without a value; its variable is "1", "true", "0" or "false".</summary>
    public bool IsSwitch { get; init; }

    /// <summary>Null where there is none.</summary>
    public string? Default { get; init; }

    /// <summary>A second way to write the flag: "-L".</summary>
    public string? Alias { get; init; }

    /// <summary>The flag may be given several times; a value holds several, separated by white space.</summary>
    public bool IsRepeatable { get; init; }
}
