namespace Keyhole.Tunnel;

/// <summary>Lengths of inner packets, in bytes (docs/protocol.md, rule 21).</summary>
public static class InnerMtu
{
    /// <summary>What every path is taken to carry, and IPv6 asks of every link (RFC 8200 section 5).</summary>
    public const int Smallest = 1280;

    /// <summary>What fits 1,500 bytes with IPv6, UDP and WireGuard around it.</summary>
    public const int Largest = 1420;
}
