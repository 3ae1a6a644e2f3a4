namespace Keyhole.Control;

/// <summary>The only answer that holds the secret: Control keeps a hash of it.</summary>
/// <param name="Name">What it is called from now on.</param>
/// <param name="Approved">False: it can log in, and is told nothing until somebody approves it.</param>
internal sealed record Provisioned(string Organisation, AgentKind Kind, string Name, string Id, string Secret, bool Approved);
