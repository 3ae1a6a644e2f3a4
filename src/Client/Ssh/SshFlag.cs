namespace Keyhole.Client;

/// <summary>One option of ssh or scp as it was given, its letter and what stands with it.</summary>
/// <param name="Value">Null for a letter that takes none.</param>
internal readonly record struct SshFlag(char Letter, string? Value)
{
    public IEnumerable<string> Words => Value is null ? [$"-{Letter}"] : [$"-{Letter}", Value];
}
