namespace Keyhole.Control;

/// <param name="Kind">"relay", "connector" or "machine".</param>
/// <param name="HasCredential">Whether an ID and secret were ever made for it.</param>
/// <param name="PublicKey">Null until the agent connected once.</param>
internal sealed record StatusOfAgent(string Kind, string Name, bool HasCredential, string? PublicKey, AgentStatus Link);
