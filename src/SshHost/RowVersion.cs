namespace Keyhole.SshHost;

/// <summary>How new what a connector says is: the table that it says it from.</summary>
/// <param name="Lineage">Of the table; revisions of different lineages say nothing about each other. Empty where it is not known.</param>
/// <param name="Revision">Of the table.</param>
public sealed record RowVersion(string Lineage, long Revision)
{
    /// <summary>Of nobody's table.</summary>
    public static RowVersion None { get; } = new("", 0);
}
