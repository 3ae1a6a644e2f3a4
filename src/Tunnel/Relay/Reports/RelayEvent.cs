using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <param name="Agent">The name of the agent in the table.</param>
/// <param name="AgentId">Its identifier in the table.</param>
/// <param name="Endpoint">Where it is, or was.</param>
/// <param name="FlowCount">Flows that were cut by it.</param>
public readonly record struct RelayEvent(RelayEventKind Kind, string Agent, int AgentId, IpEndpoint? Endpoint, int FlowCount);
