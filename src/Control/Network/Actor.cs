namespace Keyhole.Control;

/// <summary>Who changes something.</summary>
/// <param name="Name">"user ann@acme.example", "api-key ci (12)", "operator", "connector office-1", "time".</param>
/// <param name="Address">Where the request came from; null where there was none.</param>
internal sealed record Actor(string Name, string? Address)
{
    /// <summary>Whoever may open the Unix socket.</summary>
    public static Actor Operator { get; } = new("operator", null);

    /// <summary>Nobody: something ran out.</summary>
    public static Actor Time { get; } = new("time", null);
}
