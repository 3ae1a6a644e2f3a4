namespace Keyhole.Control;

/// <summary>One thing that an operator may set: by its flag, its environment variable, or its key in the configuration file.</summary>
/// <param name="Name">"public-url": the key in the file; the flag has dashes before it.</param>
/// <param name="Placeholder">What the value is, for the help: "URL". Empty for a switch.</param>
internal sealed record ConfigurationKey(string Name, string Placeholder, string Description)
{
    public string Flag => $"--{Name}";

    /// <summary>"KEYHOLE_PUBLIC_URL".</summary>
    public string Variable => $"KEYHOLE_{Name.Replace('-', '_').ToUpperInvariant()}";

    /// <summary>Null where there is none.</summary>
    public string? Default { get; init; }

    /// <summary>A flag without a value; elsewhere it is true or false.</summary>
    public bool IsSwitch => Placeholder.Length == 0;

    /// <summary>It has no flag, since whoever lists processes would read it, and is never printed.</summary>
    public bool IsSecret { get; init; }
}
