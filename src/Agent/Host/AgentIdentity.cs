using Keyhole.Contracts;

namespace Keyhole.Agent;

/// <summary>Who the agent is to Control where neither ID nor secret were given: from a login.</summary>
/// <param name="Endpoint">http or https; the path ends with a slash.</param>
/// <param name="Account">Who logged in.</param>
/// <param name="Organisation">Whose network it joins.</param>
public sealed record AgentIdentity(Uri Endpoint, string Id, AgentSecret Secret, AgentKind Kind, string Account, string Organisation);
