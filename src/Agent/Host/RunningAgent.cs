using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Keyhole.Agent;

/// <summary>The agent that holds a data directory, as other processes of this machine end it.</summary>
public static class RunningAgent
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>Ends the agent gracefully, and returns when nobody holds the directory any more: by then it has undone whatever it did to this machine.</summary>
    /// <param name="isMeant">From its status, whether it is to be ended at all; null: whichever it is.</param>
    /// <exception cref="AgentException">None runs there, it may not be asked, or it still runs.</exception>
    public static async Task EndAsync(string directory, Func<JsonObject, bool>? isMeant = null)
    {
        var clock = Stopwatch.StartNew();
        if (isMeant is not null && (await AskAsync(directory, StatusSocket.StatusRequest, clock) is not { } status || JsonNode.Parse(status) is not JsonObject parts || !isMeant(parts)))
            return;
        if (await AskAsync(directory, StatusSocket.DownRequest, clock) is not null && !await DataDirectory.WaitUntilFreeAsync(directory, Patience - clock.Elapsed))
            throw new AgentException($"The agent in {directory} was told to end and still runs after {Patience.TotalSeconds:F0} s.");
    }

    /// <summary>Asks until there is an answer: an agent that starts has no ear yet, and one that ends has none any more.</summary>
    /// <returns>Null when it has ended meanwhile.</returns>
    private static async Task<byte[]?> AskAsync(string directory, string request, Stopwatch clock)
    {
        for (bool wasHeld = false; ;)
        {
            try
            {
                return await StatusSocket.AskAsync(directory, request);
            }
            catch (AgentException e) when (!e.IsForbidden)
            {
                bool isFree = DataDirectory.IsFree(directory);
                if (isFree && wasHeld)
                    return null;
                if (isFree || clock.Elapsed > Patience)
                    throw;
                wasHeld = true;
            }

            await Task.Delay(Pause);
        }
    }
}
