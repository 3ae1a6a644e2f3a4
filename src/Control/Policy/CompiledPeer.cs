namespace Keyhole.Control;

/// <summary>A peer as relays see it, and as others do: its preshared key is for the relay alone.</summary>
internal sealed record CompiledPeer(PeerRow Row, PeerRow Shown)
{
    public static CompiledPeer Of(PeerRow row) => new(row, row.PresharedKey is null ? row : row with { PresharedKey = null });
}
