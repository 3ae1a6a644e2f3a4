namespace Keyhole.Control;

/// <summary>Whose an account on a host is, since its first login.</summary>
internal readonly record struct SshHostAccount(int Resource, string Name, int User);
