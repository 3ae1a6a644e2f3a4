using System.CommandLine;
using Keyhole.Agent;
using Keyhole.Connector;
using Keyhole.SshHost;

const string Name = "keyhole-connector";
var ssh = new Command("ssh", "The SSH server of this host.") { SshSetupCommand.Create(Name) };
return await AgentProgram.RunAsync(ConnectorBody.Definition, args, AuthDaemonCommand.Create(Name), ssh);
