namespace Keyhole.Contracts;

/// <param name="Mode">How much.</param>
/// <param name="Commands">Absolute paths with their arguments, for <see cref="SshSudoMode.Commands"/>; else empty.</param>
public sealed record SshSudo(SshSudoMode Mode, IReadOnlyList<string> Commands)
{
    public bool Equals(SshSudo? other) => other is not null && Mode == other.Mode && Commands.SequenceEqual(other.Commands);

    public override int GetHashCode() => HashCode.Combine(Mode, Commands.Count);
}
