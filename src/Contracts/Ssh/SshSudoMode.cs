namespace Keyhole.Contracts;

public enum SshSudoMode
{
    None,
    Commands,
    Full,
}
