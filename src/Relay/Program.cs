using Keyhole.Agent;
using Keyhole.Contracts;
using Keyhole.Net;
using Keyhole.Relay;

return await AgentProgram.RunAsync(
    new AgentDefinition(
        "keyhole-relay",
        AgentKind.Relay,
        "Forwards sealed WireGuard datagrams between clients and connectors, and lets stock WireGuard apps in where it is a gateway.",
        RelaySettings.All,
        RelayBody.Create) { Time = MonotonicClock.Provider },
    args);
