using Keyhole.Agent;
using Keyhole.Packets;

namespace Keyhole.Relay;

/// <summary>The settings that only the relay has.</summary>
internal static class RelaySettings
{
    public static readonly Setting Listen = new("--listen", "ADDR:PORT", "The UDP address that agents and apps reach. [::] takes both families.")
    {
        Default = "[::]:21820",
    };

    public static readonly Setting RekeyAfter = new("--wireguard-rekey-after", "SECONDS", "For the lab: renew WireGuard keys after this time instead of 120 seconds.");

    public static IReadOnlyList<Setting> All { get; } = [Listen, RekeyAfter];

    /// <exception cref="AgentException">It is not an address and port.</exception>
    public static IpEndpoint ListenFrom(SettingValues values) =>
        IpEndpoint.TryParse(values.Require(Listen), out var endpoint)
            ? endpoint
            : throw new AgentException($"--listen '{values.Require(Listen)}' is not ADDR:PORT, such as 0.0.0.0:21820 or [::]:21820.");
}
