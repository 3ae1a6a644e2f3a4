namespace Keyhole.Control;

/// <summary>What is stored of an ID and its secret.</summary>
/// <param name="Id">The public half; it stays the same when the secret is rotated.</param>
/// <param name="Hash">Base64 of <see cref="AgentSecret.Hash"/>.</param>
internal sealed record Credential(string Id, Agent Agent, string Hash, DateTimeOffset CreatedAt);
