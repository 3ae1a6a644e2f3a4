namespace Keyhole.Contracts;

/// <summary>What the agent's data path has shown, sent now and then and when it changes.</summary>
/// <param name="Draining">The agent finishes its flows and takes no new ones.</param>
/// <param name="Flows">Live flows.</param>
/// <param name="Sessions">
/// One entry per WireGuard peer that the agent has a session with, or tries to. Of an agent with more than <see cref="MaximumSessions"/> of them those that changed since the last message,
/// and the others in turn.
/// </param>
public sealed record StatusMessage(bool Draining, int Flows, IReadOnlyList<SessionStatus> Sessions) : AgentMessage
{
    /// <summary>As many fit into <see cref="AgentWire.MaximumAgentMessageLength"/>.</summary>
    public const int MaximumSessions = 512;
}
