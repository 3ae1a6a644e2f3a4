namespace Keyhole.Agent;

/// <summary>An ID and its secret.</summary>
internal sealed record AgentCredential(string Id, AgentSecret Secret);
