namespace Keyhole.Tunnel;

/// <summary>What a table changed, for the log that says when a revocation was enforced.</summary>
/// <param name="Added">Agents that may register now, those with a new key included.</param>
/// <param name="Removed">Agents that may not any more, those with a new key included.</param>
/// <param name="FlowsCut">Flows that nothing grants any more.</param>
/// <param name="Refused">Rows that cannot be used: an unreadable key or address, or more agents than <see cref="RelayStateOptions.MaximumAgents"/>.</param>
public readonly record struct RelayApplied(long Revision, int Added, int Removed, int FlowsCut, int Refused);
