namespace Keyhole.Contracts;

/// <summary>The agent's data path follows this revision; flows that lost their grant are gone.</summary>
/// <param name="EnforcedAt">Milliseconds since 1970-01-01 UTC by the agent's clock.</param>
/// <param name="FlowsCut">Live flows that this revision ended.</param>
public sealed record AckMessage(long Revision, long EnforcedAt, int FlowsCut) : AgentMessage;
