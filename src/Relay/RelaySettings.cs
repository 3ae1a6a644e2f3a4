using Keyhole.Agent;
using Keyhole.Packets;

namespace Keyhole.Relay;

/// <summary>The settings that only the relay has.</summary>
internal static class RelaySettings
{
    private const int LongestSpin = 1000;

    public static readonly Setting Listen = new("--listen", "ADDR:PORT", "The UDP address that agents and apps reach. [::] takes both families.")
    {
        Default = "[::]:21820",
    };

    public static readonly Setting Threads = new("--threads", "N", "Threads of the data path, each with a socket of its own; at most one per processor.") { Default = "1" };

    public static readonly Setting Spin = new("--spin", "MICROSECONDS", "Poll this long for the next datagram before sleeping: lower latency for idle processor time. Off by default.")
    {
        Default = "0",
    };

    public static readonly Setting RekeyAfter = new("--wireguard-rekey-after", "SECONDS", "For the lab: renew WireGuard keys after this time instead of 120 seconds.");

    public static IReadOnlyList<Setting> All { get; } = [Listen, Threads, Spin, RekeyAfter];

    /// <exception cref="AgentException">It is not an address and port.</exception>
    public static IpEndpoint ListenFrom(SettingValues values) =>
        IpEndpoint.TryParse(values.Require(Listen), out var endpoint)
            ? endpoint
            : throw new AgentException($"--listen '{values.Require(Listen)}' is not ADDR:PORT, such as 0.0.0.0:21820 or [::]:21820.");

    /// <exception cref="AgentException">It is not a number from 1 to the number of processors.</exception>
    public static int ThreadsFrom(SettingValues values) => values.Number(Threads, 1, Environment.ProcessorCount)!.Value;

    /// <summary>Microseconds.</summary>
    /// <exception cref="AgentException">It is not a number from 0 to 1,000.</exception>
    public static int SpinFrom(SettingValues values) => values.Number(Spin, 0, LongestSpin)!.Value;
}
