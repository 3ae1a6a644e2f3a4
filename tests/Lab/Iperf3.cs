using System.Text.Json;

namespace Keyhole.Lab;

/// <summary>What one iperf3 run measured, from its JSON.</summary>
/// <param name="BitsPerSecond">Received by the receiving side.</param>
/// <param name="Bytes">Received by the receiving side.</param>
/// <param name="LostPercent">UDP only; 0 for TCP.</param>
public sealed record Iperf3Result(double BitsPerSecond, long Bytes, double LostPercent);

/// <summary>Runs the real iperf3 between two hosts.</summary>
public static class Iperf3
{
    /// <summary>Starts a server that serves until the topology ends.</summary>
    public static LabProcess Serve(Topology topology, NetworkNamespace host, int port = 5201)
    {
        ArgumentNullException.ThrowIfNull(topology);
        var server = topology.Start(host, "iperf3", "-s", "-p", $"{port}", "--forceflush");
        server.WaitForLine("Server listening", TimeSpan.FromSeconds(60));
        return server;
    }

    /// <summary>Runs a client; further arguments as for iperf3 ("-R", "-P", "4", "-u", "-b", "100M", "-t", "3").</summary>
    /// <exception cref="InvalidOperationException">iperf3 reported an error; the message is its own.</exception>
    public static Iperf3Result Run(NetworkNamespace host, string server, params string[] arguments)
    {
        ArgumentNullException.ThrowIfNull(host);
        var (_, output, error) = LabProcess.Execute("ip", ["netns", "exec", host.Name, "iperf3", "-c", server, "-J", "--connect-timeout", "60000", .. arguments]);
        if (output.Length == 0)
            throw new InvalidOperationException($"iperf3 to {server} printed nothing: {error}");
        using var document = JsonDocument.Parse(output);
        var root = document.RootElement;
        if (root.TryGetProperty("error", out var message))
            throw new InvalidOperationException($"iperf3 to {server}: {message.GetString()}");
        var end = root.GetProperty("end");
        if (end.TryGetProperty("sum_received", out var sum))
            return new Iperf3Result(sum.GetProperty("bits_per_second").GetDouble(), sum.GetProperty("bytes").GetInt64(), sum.TryGetProperty("lost_percent", out var lost) ? lost.GetDouble() : 0);
        sum = end.GetProperty("sum");
        double lostPercent = sum.GetProperty("lost_percent").GetDouble();
        return new Iperf3Result(sum.GetProperty("bits_per_second").GetDouble() * (1 - (lostPercent / 100)), sum.GetProperty("bytes").GetInt64(), lostPercent);
    }
}
