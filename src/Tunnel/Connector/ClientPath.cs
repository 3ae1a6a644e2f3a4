namespace Keyhole.Tunnel;

/// <summary>A client and the relay through which it was heard last: answers go there.</summary>
internal sealed class ClientPath(int client)
{
    /// <summary>The client's identifier at Control.</summary>
    public int Client { get; } = client;

    public Registration? Relay { get; set; }
}
