using Keyhole.WireGuard;

namespace Keyhole.Tunnel;

/// <summary>A client as the connector knows it: its own session, if its key is known, and the way it was heard last, where answers go.</summary>
internal sealed class ClientPath(int client)
{
    /// <summary>The client's identifier at Control.</summary>
    public int Client { get; } = client;

    /// <summary>The client's overlay addresses, as Control writes them.</summary>
    public IReadOnlyList<string> Addresses { get; set; } = [];

    /// <summary>The session that nobody between can read; null while the client's key is not known.</summary>
    public Peer? EndToEnd { get; set; }

    /// <summary>The relay that brought the client's last datagram.</summary>
    public Registration? Relay { get; set; }

    /// <summary>The session of the client's last packet: its own, or its gateway's.</summary>
    public Peer? Way { get; set; }

    public bool CanSend(long now) => Way is { Endpoint: not null } way && way.HasSession(now);

    /// <summary>After peers were taken out: what is gone leads nowhere.</summary>
    public void ForgetRemoved()
    {
        if (Relay is { Peer.IsRemoved: true })
            Relay = null;
        if (Way is { IsRemoved: true })
            Way = null;
    }
}
