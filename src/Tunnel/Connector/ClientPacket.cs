namespace Keyhole.Tunnel;

/// <summary>An opened inner packet, and the client for which the session vouches.</summary>
/// <param name="Offset">Of its first byte in what was received.</param>
/// <param name="Client">The client's identifier at Control.</param>
public readonly record struct ClientPacket(int Offset, int Length, int Client);
