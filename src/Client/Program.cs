using System.CommandLine;
using Keyhole.Agent;
using Keyhole.Client;
using Keyhole.SshHost;

var root = new RootCommand("Reaches the private services that you were granted.")
{
    LoginCommand.Create(),
    LogoutCommand.Create(),
    SelectCommand.Create(),
    UpCommand.Create(),
    AgentProgram.DownCommand(UpSettings.Data, async directory => await RepairCommand.RepairAsync(directory) is not null),
    StatusCommand.Create(),
    ListCommand.Create(),
    ExplainCommand.Create(),
    PingCommand.Create(),
    AgentProgram.LogsCommand(UpSettings.Data),
    DiagnoseCommand.Create(),
    RepairCommand.Create(),
    ProxyCommand.Create(),
    AuthDaemonCommand.Create("keyhole"),
};
return await AgentProgram.InvokeAsync(root, args).ConfigureAwait(false);
