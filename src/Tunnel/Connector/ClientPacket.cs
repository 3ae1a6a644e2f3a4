namespace Keyhole.Tunnel;

/// <summary>An opened inner packet, and the client for which the session vouches.</summary>
public readonly ref struct ClientPacket(ReadOnlySpan<byte> bytes, int client)
{
    /// <summary>It lies in the received datagram.</summary>
    public ReadOnlySpan<byte> Bytes { get; } = bytes;

    /// <summary>The client's identifier at Control.</summary>
    public int Client { get; } = client;
}
