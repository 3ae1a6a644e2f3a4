using System.CommandLine;
using Keyhole.Agent;
using Keyhole.Client;
using Keyhole.SshHost;

// Command lines of OpenSSH, which no other parser reads.
if (SshCommand.Claims(args))
    return await SshCommand.RunAsync(args).ConfigureAwait(false);

var root = new RootCommand("Reaches the private services that you were granted.")
{
    LoginCommand.Create(),
    LogoutCommand.Create(),
    SelectCommand.Create(),
    UpCommand.Create(),
    AgentProgram.DownCommand(UpSettings.Data, RepairCommand.RepairLeftAsync),
    StatusCommand.Create(),
    ListCommand.Create(),
    ExplainCommand.Create(),
    PingCommand.Create(),
    AgentProgram.LogsCommand(UpSettings.Data),
    DiagnoseCommand.Create(),
    RepairCommand.Create(),
    ProxyCommand.Create(),
    AuthDaemonCommand.Create("keyhole"),
    SshCommand.CreateSsh(),
    SshCommand.CreateScp(),
};
return await AgentProgram.InvokeAsync(root, args).ConfigureAwait(false);
