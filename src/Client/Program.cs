using System.CommandLine;
using Keyhole.Agent;
using Keyhole.Client;

var root = new RootCommand("Reaches the private services that you were granted.")
{
    UpCommand.Create(),
    AgentProgram.DownCommand(UpSettings.Data),
    AgentProgram.StatusCommand(UpSettings.Data),
    ProxyCommand.Create(),
};
return await AgentProgram.InvokeAsync(root, args).ConfigureAwait(false);
