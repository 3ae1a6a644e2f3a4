using System.CommandLine;
using Keyhole.Agent;
using Keyhole.Contracts;
using Keyhole.Net;

namespace Keyhole.Client;

/// <summary><c>keyhole up</c>: a TUN interface, or a proxy, that leads to what was granted, and nothing else.</summary>
internal static class UpCommand
{
    private static readonly AgentDefinition Definition = new(
        "keyhole", AgentKind.Machine, "Reaches what the user who logged in, or this machine, was granted, through a TUN interface or a proxy, until 'keyhole down' or a signal.", UpSettings.All, Open)
    {
        Data = UpSettings.Data,
        Identify = DeviceIdentity.FindAsync,
        Time = MonotonicClock.Provider,
    };

    public static Command Create()
    {
        var command = new Command("up", Definition.Description);
        AgentProgram.Attach(command, Definition);
        return command;
    }

    private static IAgentBody Open(AgentStart start) => ProxySettings.IsOn(start.Values) ? ProxyBody.Create(start) : TunBody.Create(start);
}
