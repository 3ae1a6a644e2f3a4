using System.CommandLine;
using System.Net;
using Keyhole.Agent;

namespace Keyhole.Client;

/// <summary><c>keyhole logout</c>: ends the session, and with it the tunnel of this machine.</summary>
internal static class LogoutCommand
{
    public static Command Create() =>
        AgentProgram.DirectoryCommand("logout", "Ends the login of this machine, and its tunnel.", UpSettings.Data, [], (directory, _, output) => RunAsync(directory, output));

    private static async Task<int> RunAsync(string directory, TextWriter output)
    {
        var login = LoginRecord.Load(directory) ?? throw new AgentException("Nobody is logged in here.");
        // From here on nothing on this machine can use the login, whatever Control says.
        LoginRecord.Delete(directory);
        AgentException? unheard = null;
        try
        {
            using var api = new ControlApi(login.Endpoint, login.Token);
            var (status, body) = await api.PostAsync("logout", []).ConfigureAwait(false);
            if (status is not (HttpStatusCode.NoContent or HttpStatusCode.Unauthorized))
                unheard = ControlApi.Refusal(status, body);
        }
        catch (AgentException e)
        {
            unheard = e;
        }

        await EndTunnelAsync(directory).ConfigureAwait(false);
        if (unheard is not null)
            throw new AgentException($"Logged out on this machine only; the session lives on until it expires or is ended in a browser. {unheard.Message}", unheard);
        await output.WriteLineAsync(AgentProgram.Shown($"Logged out {login.Account}.")).ConfigureAwait(false);
        return 0;
    }

    private static async Task EndTunnelAsync(string directory)
    {
        try
        {
            if ((await AgentProgram.AskAsync(directory, "status").ConfigureAwait(false))["login"] is not null)
                await AgentProgram.AskAsync(directory, "down").ConfigureAwait(false);
        }
        catch (AgentException)
        {
            // None runs, or it ended by itself: Control has told it.
        }
    }
}
