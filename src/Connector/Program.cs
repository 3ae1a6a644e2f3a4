using Keyhole.Agent;
using Keyhole.Connector;

return await AgentProgram.RunAsync(ConnectorBody.Definition, args);
