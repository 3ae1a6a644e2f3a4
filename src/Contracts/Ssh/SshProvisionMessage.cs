namespace Keyhole.Contracts;

/// <summary>Make or bring up to date one account, and answer with <see cref="SshProvisionedMessage"/>.</summary>
/// <param name="Request">Of this connection; the answer repeats it.</param>
/// <param name="Resource">The <see cref="SshRow.Resource"/> whose host it is.</param>
public sealed record SshProvisionMessage(long Request, int Resource, SshAccountOrder Order) : ControlMessage;
