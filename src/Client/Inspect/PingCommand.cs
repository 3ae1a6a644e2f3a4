using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Keyhole.Agent;

namespace Keyhole.Client;

/// <summary>
/// <c>keyhole ping</c>: asks a target through the tunnel as any program would, by an ICMP echo where that is granted, else by a TCP connection, which is answered
/// once the target has answered.
/// </summary>
internal static class PingCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public static Command Create()
    {
        var target = new Argument<string>("target") { Description = "A name or an address; with :PORT a TCP connection is made." };
        var count = new Option<int>("--count", "-c") { Description = "How many times.", DefaultValueFactory = _ => 4 };
        var json = new Option<bool>("--json") { Description = "Print a JSON object." };
        return AgentProgram.DirectoryCommand("ping", "Asks a target through the tunnel and says how long the answer took.", UpSettings.Data, [target, count, json], async (directory, parsed, output) =>
        {
            string text = parsed.GetRequiredValue(target);
            var explained = await AgentProgram.AskAsync(directory, ExplainCommand.Request, text);
            if (!(bool)explained["reachable"]!)
                throw new AgentException($"{text} is not reached: {(string?)explained["reason"]}.");
            if ((string?)(await AgentProgram.AskAsync(directory, "status"))["mode"] == "proxy")
                throw new AgentException("In proxy mode programs of this machine have no route: ask through the proxy's port, for example with 'curl -x socks5h://…'.");
            int port = PortOf(text, explained);
            var address = IPAddress.Parse((string)explained["address"]!);
            var asked = new JsonObject
            {
                ["target"] = text,
                ["address"] = address.ToString(),
                ["protocol"] = port == 0 ? "icmp" : "tcp",
                ["port"] = port == 0 ? null : port,
                ["connectors"] = explained["connectors"]?.DeepClone(),
            };
            return await RunAsync(asked, address, port, Math.Clamp(parsed.GetValue(count), 1, 10_000), parsed.GetValue(json), output);
        });
    }

    /// <summary>0 for an ICMP echo.</summary>
    private static int PortOf(string text, JsonObject explained)
    {
        if (TargetText.TryParse(text, out var target) && target.Port > 0)
            return explained["protocols"]!.AsArray().Any(protocol => (string)protocol! == "tcp") ? target.Port : throw new AgentException($"Port {target.Port} is granted for UDP only: nothing says whether somebody listens there.");
        if ((bool)explained["resource"]!["icmp"]!)
            return 0;
        string first = ((string)explained["resource"]!["tcp"]!).Split(',', '-')[0];
        return first switch
        {
            "" => throw new AgentException("Neither ping nor a TCP port is granted: there is nothing that would answer."),
            "*" => throw new AgentException("Ping is not granted, and of the TCP ports any could be meant: say which with :PORT."),
            _ => int.Parse(first, CultureInfo.InvariantCulture),
        };
    }

    private static async Task<int> RunAsync(JsonObject asked, IPAddress address, int port, int count, bool isJson, TextWriter output)
    {
        var answers = new JsonArray();
        int received = 0;
        string way = string.Join("; ", (asked["connectors"] as JsonArray ?? []).Select(connector => $"{(string)connector!["name"]!}, {ExplainCommand.Path(connector)}"));
        if (!isJson)
            await output.WriteLineAsync(AgentProgram.Shown($"{(string)asked["target"]!} ({address}) by {(port == 0 ? "ICMP" : string.Create(CultureInfo.InvariantCulture, $"TCP {port}"))} through {way}"));
        for (int index = 0; index < count; index++)
        {
            if (index > 0)
                await Task.Delay(TimeSpan.FromSeconds(1));
            var (milliseconds, problem) = port == 0 ? await EchoAsync(address) : await ConnectAsync(new IPEndPoint(address, port));
            received += problem is null ? 1 : 0;
            answers.Add((JsonNode)new JsonObject { ["milliseconds"] = problem is null ? milliseconds : null, ["problem"] = problem });
            if (!isJson)
                await output.WriteLineAsync(problem ?? string.Create(CultureInfo.InvariantCulture, $"answered after {milliseconds:F1} ms"));
        }

        asked["sent"] = count;
        asked["received"] = received;
        asked["answers"] = answers;
        await output.WriteLineAsync(isJson ? asked.ToJsonString() : string.Create(CultureInfo.InvariantCulture, $"{received} of {count} answered"));
        return received > 0 ? 0 : 1;
    }

    private static async Task<(double Milliseconds, string? Problem)> EchoAsync(IPAddress address)
    {
        try
        {
            using var ping = new Ping();
            var clock = Stopwatch.StartNew();
            var reply = await ping.SendPingAsync(address, Patience);
            return (clock.Elapsed.TotalMilliseconds, reply.Status == IPStatus.Success ? null : $"no answer: {reply.Status}");
        }
        catch (Exception e) when (e is PingException or PlatformNotSupportedException)
        {
            return (0, $"no echo could be sent: {(e.InnerException ?? e).Message}");
        }
    }

    private static async Task<(double Milliseconds, string? Problem)> ConnectAsync(IPEndPoint endpoint)
    {
        using var socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        using var patience = new CancellationTokenSource(Patience);
        var clock = Stopwatch.StartNew();
        try
        {
            await socket.ConnectAsync(endpoint, patience.Token);
            return (clock.Elapsed.TotalMilliseconds, null);
        }
        catch (SocketException e)
        {
            return (0, $"no connection: {e.SocketErrorCode}");
        }
        catch (OperationCanceledException)
        {
            return (0, $"no answer within {Patience.TotalSeconds:F0} s");
        }
    }
}
