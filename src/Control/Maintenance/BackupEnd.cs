namespace Keyhole.Control;

/// <summary>The last line of a backup: without it the file is not whole.</summary>
/// <param name="Rows">Of all tables.</param>
/// <param name="Sha256">Over every byte before this line, hexadecimal.</param>
internal sealed record BackupEnd(long Rows, string Sha256);
