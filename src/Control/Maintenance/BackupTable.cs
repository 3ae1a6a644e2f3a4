namespace Keyhole.Control;

/// <summary>The line before the rows of a table.</summary>
internal sealed record BackupTable(string Table, IReadOnlyList<string> Columns);
