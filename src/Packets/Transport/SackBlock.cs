namespace Keyhole.Packets;

/// <summary>Received bytes from <paramref name="Left"/> up to, not including, <paramref name="Right"/> (RFC 2018 section 3).</summary>
public readonly record struct SackBlock(uint Left, uint Right);
