namespace Keyhole.Control;

/// <summary>The account name that a user asks for on every host.</summary>
internal readonly record struct SshAccountName(int User, string Name);
