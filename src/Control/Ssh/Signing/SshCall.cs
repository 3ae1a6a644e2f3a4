namespace Keyhole.Control;

/// <summary>Asks another server to have a connector of its own prepare an account.</summary>
/// <param name="At">When it was asked.</param>
internal sealed record SshCall(int Organisation, int Connector, int Resource, SshAccountOrder Order, DateTimeOffset At);
