using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Keyhole.Agent;
using Keyhole.Edge;

namespace Keyhole.Client;

/// <summary>Finds who holds the tunnel on this machine: a running <c>keyhole up</c> in either mode, or any other program over which the host answers.</summary>
internal static class SshRoutes
{
    /// <summary>How long a client that has just come up, or that has just been told of a grant, is waited for.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>How long an address that may lead nowhere is tried.</summary>
    private static readonly TimeSpan ProbePatience = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <summary>Where clients run: the one that was named, the user's own, root's.</summary>
    public static IReadOnlyList<string> Directories(string named) => [.. new[] { named, UpSettings.Data.Default!, "/var/lib/keyhole" }.Select(Path.GetFullPath).Distinct(StringComparer.Ordinal)];

    /// <exception cref="AgentException">There is no way at the moment; the message says what to do.</exception>
    public static async Task<SshRoute> FindAsync(IReadOnlyList<string> directories, SignedKey signed, int port)
    {
        foreach (string directory in directories)
        {
            if (await StatusAsync(directory).ConfigureAwait(false) is not { } status)
                continue;
            bool isProxy = (string?)status["mode"] == "proxy";
            if (isProxy && (string?)status["proxy"]?["listen"] is null)
                throw new AgentException($"The client in {directory} runs with '--listen off': ssh needs its SOCKS port. Start 'keyhole up --proxy' without it.");
            return new SshRoute(await OverlayAsync(directory, signed, port).ConfigureAwait(false), isProxy ? directory : null);
        }

        return await ProbeAsync(signed, port).ConfigureAwait(false)
            ?? throw new AgentException($"No tunnel leads to {signed.Name}: run 'keyhole up' as root, or 'keyhole up --proxy' without, and leave it running.");
    }

    /// <summary>Null where no client answers.</summary>
    private static async Task<JsonObject?> StatusAsync(string directory)
    {
        try
        {
            var status = await AgentProgram.AskAsync(directory, "status").ConfigureAwait(false);
            return (string?)status["program"] == "keyhole" ? status : null;
        }
        catch (AgentException)
        {
            return null;
        }
    }

    /// <summary>The host's overlay address, once the client reaches it.</summary>
    private static async Task<string> OverlayAsync(string directory, SignedKey signed, int port)
    {
        for (var clock = System.Diagnostics.Stopwatch.StartNew(); ; await Task.Delay(Pause).ConfigureAwait(false))
        {
            var list = await AgentProgram.AskAsync(directory, ListCommand.Request).ConfigureAwait(false);
            string? address = AddressIn(list, signed);
            string? reason = $"nothing of that name was granted to the client that runs in {directory}; does it run for another organisation, or as a machine?";
            if (address is not null)
            {
                var explained = await AgentProgram.AskAsync(directory, ExplainCommand.Request, new IPEndPoint(IPAddress.Parse(address), port).ToString()).ConfigureAwait(false);
                reason = (bool)explained["reachable"]! ? null : (string?)explained["reason"];
            }

            if (reason is null)
                return address!;
            if (clock.Elapsed > Patience)
                throw new AgentException($"{signed.Name} is not reached: {reason}.");
        }
    }

    /// <summary>IPv4 where there is one.</summary>
    internal static string? AddressIn(JsonObject list, SignedKey signed)
    {
        var resource = list["resources"]?.AsArray().FirstOrDefault(one => (string?)one?["name"] == signed.Resource && (string?)one?["alias"] == signed.Alias);
        return resource?["overlay"]?.AsArray().Select(text => (string?)text).Where(text => IPAddress.TryParse(text, out _)).OrderBy(text => text!.Contains(':', StringComparison.Ordinal)).FirstOrDefault();
    }

    /// <summary>
    /// Whoever holds the tunnel carries the overlay addresses, answers for the alias, or carries the destination. Who it is that answers there, ssh finds out before anything is
    /// said to it.
    /// </summary>
    private static async Task<SshRoute?> ProbeAsync(SignedKey signed, int port)
    {
        string?[] hosts = [.. signed.Overlay.Select(address => address.ToString()), signed.Alias, signed.Destination];
        List<Task<IPAddress?>> probes = [.. hosts.OfType<string>().Select(host => AnsweringAsync(host, port))];
        var answers = await Task.WhenAll(probes).ConfigureAwait(false);
        return answers.FirstOrDefault(address => address is not null) is { } best ? new SshRoute(best.ToString(), null) : null;
    }

    private static async Task<IPAddress?> AnsweringAsync(string host, int port)
    {
        using var patience = new CancellationTokenSource(ProbePatience);
        try
        {
            foreach (var address in await HostLookup.AskAsync(host, patience.Token).ConfigureAwait(false))
            {
                using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
                try
                {
                    await socket.ConnectAsync(address, port, patience.Token).ConfigureAwait(false);
                    return address;
                }
                catch (SocketException)
                {
                    // Perhaps the next one.
                }
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ArgumentException)
        {
            // Nobody knows it, or nobody answers.
        }

        return null;
    }
}
