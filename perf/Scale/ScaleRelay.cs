using Keyhole.Cryptography;
using Keyhole.Packets;
using Keyhole.Tunnel;
using Keyhole.WireGuard;

namespace Keyhole.Perf;

/// <summary>The state of a relay with the limits of the shipped one, without a journal.</summary>
internal static class ScaleRelay
{
    internal const int MaximumAgents = 131_072;

    internal static RelayState Create(PrivateKey key, IDatagramOutput output) => new(new RelayStateOptions
    {
        PrivateKey = key,
        RandomSource = RandomSource.System,
        Output = output,
        TimestampAtZero = Tai64n.FromUnixMicroseconds(1_700_000_000_000_000),
        MaximumAgents = MaximumAgents,
    });

    /// <summary>Nobody is there to hear.</summary>
    internal sealed class Silence : IDatagramOutput
    {
        public void Send(in IpEndpoint destination, ReadOnlySpan<byte> datagram, Peer? peer)
        {
            // Nothing leaves.
        }
    }
}
