using Keyhole.Contracts;
using Keyhole.WireGuard;

namespace Keyhole.Tunnel;

/// <summary>The end-to-end session with one connector, judged by what comes back through it.</summary>
internal sealed class ConnectorLink(PeerRow row, ClientSite site)
{
    public PeerRow Row { get; set; } = row;

    public ClientSite Site { get; } = site;

    public Peer Peer { get; set; } = null!;

    public PingSchedule Pings { get; } = new();

    /// <summary>The relay that carries it.</summary>
    public Registration? Relay { get; set; }

    /// <summary>Nothing answers: pings were lost, or handshakes. New flows go elsewhere until it is heard again.</summary>
    public bool IsSilent { get; set; }

    public bool IsUsable => !IsSilent && Relay is not null;

    public long PacketsReceived;
    public long PacketsSent;
}
