using System.CommandLine;
using System.Net;
using Keyhole.Agent;

namespace Keyhole.Client;

/// <summary><c>keyhole logout</c>: ends the session, and with it the tunnel of this machine.</summary>
internal static class LogoutCommand
{
    public static Command Create() =>
        AgentProgram.DirectoryCommand("logout", "Ends the login of this machine, and its tunnel.", UpSettings.Data, [], (directory, _, output) => RunAsync(directory, output));

    internal static async Task<int> RunAsync(string directory, TextWriter output)
    {
        var login = LoginRecord.Load(directory) ?? throw new AgentException("Nobody is logged in here.");
        // From here on nothing on this machine can use the login, whatever Control says.
        LoginRecord.Delete(directory);
        var problems = new List<string>();
        if (await EndSessionAsync(login).ConfigureAwait(false) is { } unheard)
            problems.Add($"Logged out on this machine only; the session lives on until it expires or is ended in a browser. {unheard}");
        if (await EndTunnelAsync(directory).ConfigureAwait(false) is { } left)
            problems.Add($"The tunnel has not ended as it should. {left}");
        if (problems.Count > 0)
            throw new AgentException(string.Join(' ', problems));
        await output.WriteLineAsync(AgentProgram.Shown($"Logged out {login.Account}.")).ConfigureAwait(false);
        return 0;
    }

    /// <returns>Why Control did not end it; null where it did.</returns>
    private static async Task<string?> EndSessionAsync(LoginRecord login)
    {
        try
        {
            using var api = new ControlApi(login.Endpoint, login.Token);
            var (status, body) = await api.PostAsync("logout", []).ConfigureAwait(false);
            return status is HttpStatusCode.NoContent or HttpStatusCode.Unauthorized ? null : ControlApi.Refusal(status, body).Message;
        }
        catch (AgentException e)
        {
            return e.Message;
        }
    }

    /// <summary>Ends the client that lives by the login, as 'keyhole down' does, whether or not Control has told it.</summary>
    /// <returns>What went wrong; null for nothing.</returns>
    private static async Task<string?> EndTunnelAsync(string directory)
    {
        try
        {
            try
            {
                await RunningAgent.EndAsync(directory, status => status["login"] is not null).ConfigureAwait(false);
            }
            catch (AgentException) when (DataDirectory.IsFree(directory))
            {
                // None runs.
            }

            if (DataDirectory.IsFree(directory))
                await RepairCommand.RepairLeftAsync(directory).ConfigureAwait(false);
            return null;
        }
        catch (AgentException e)
        {
            return e.Message;
        }
    }
}
