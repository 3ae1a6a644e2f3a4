using Keyhole.Contracts;
using Keyhole.Packets;
using Keyhole.WireGuard;

namespace Keyhole.Tunnel;

/// <summary>The end-to-end session with one connector, judged by what comes back through it.</summary>
/// <param name="largestMtu">The longest inner packet that is sought for.</param>
internal sealed class ConnectorLink(PeerRow row, ClientSite site, int largestMtu)
{
    public PeerRow Row { get; set; } = row;

    public ClientSite Site { get; } = site;

    public Peer Peer { get; set; } = null!;

    /// <summary>The longest inner packet that any of its ways may come to carry.</summary>
    public int LargestMtu { get; } = largestMtu;

    /// <summary>Through the relay; they rest while a direct path is in use, whose own pings judge the connector.</summary>
    public PingSchedule Pings { get; } = new();

    /// <summary>Ways past the relay, and the one in use.</summary>
    public PathSet Paths { get; } = new(isJudge: true, largestMtu);

    /// <summary>How long packets may be through the relay.</summary>
    public MtuSearch RelaySearch { get; } = new(largestMtu);

    /// <summary>How long they may be on the way in use.</summary>
    public MtuSearch Search => Paths.InUse?.Search ?? RelaySearch;

    /// <summary>What the way in use carried when it was looked at last.</summary>
    public int LastMtu { get; set; }

    public IntroductionSchedule Introductions { get; } = new();

    /// <summary>The relay that carries handshakes, and data while no direct path is in use.</summary>
    public Registration? Relay { get; set; }

    public IpEndpoint? RelayEndpoint { get; set; }

    /// <summary>When a relay introduced it last.</summary>
    public long IntroducedAt { get; set; } = long.MinValue / 2;

    /// <summary>Nothing answers: pings were lost, or handshakes. New flows go elsewhere until it is heard again.</summary>
    public bool IsSilent { get; set; }

    /// <summary>A direct path was lost and the connector has not been heard through the relay since.</summary>
    public bool HasFallenBack { get; set; }

    /// <summary>Keepalives still to be sent that tell the connector of the path in use.</summary>
    public int ChoicesLeft { get; set; }

    /// <summary>The relay has not answered for a while; handshakes go along the direct path.</summary>
    public bool IsRelayGone { get; set; }

    /// <summary>The session is one of which the relay knows nothing.</summary>
    public bool HasHandshakenDirectly { get; set; }

    public bool IsUsable => !IsSilent && Relay is not null;

    public long PacketsReceived;
    public long PacketsSent;
    public long LostPathCount;

    /// <summary>A packet of this length went either way.</summary>
    public void DataMoved(int length, long now)
    {
        if (Paths.InUse is { } path)
        {
            path.DataMoved(length, now);
            return;
        }

        RelaySearch.DataMoved(length, now);
        Pings.DataMoved(now);
        Relay?.DataMoved(now);
        if (!Row.Stock)
            Introductions.DataMoved(now);
    }
}
