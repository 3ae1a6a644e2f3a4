namespace Keyhole.Control;

/// <summary>The first line of a backup.</summary>
/// <param name="Format">Always <see cref="FormatName"/>.</param>
/// <param name="Program">The version of the program that wrote it.</param>
/// <param name="Migrations">The schema: the checksum of each step, by its number.</param>
/// <param name="KeyCheck">Names the key that the secrets in it are sealed with; null where none was chosen yet.</param>
internal sealed record BackupHeader(string Format, DateTimeOffset CreatedAt, string Program, IReadOnlyDictionary<int, string> Migrations, string? KeyCheck)
{
    public const string FormatName = "keyhole-control backup 1";
}
