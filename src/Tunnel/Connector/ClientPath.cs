using Keyhole.Packets;
using Keyhole.WireGuard;

namespace Keyhole.Tunnel;

/// <summary>A client as the connector knows it: its own session, if its key is known, and the way it was heard last, where answers go.</summary>
internal sealed class ClientPath(int client)
{
    private uint _sessionIndex;
    private ulong _greatestCounter;
    private int _relayMtu = InnerMtu.Smallest;
    private IpEndpoint? _relayMtuFrom;

    /// <summary>The client's identifier at Control.</summary>
    public int Client { get; } = client;

    /// <summary>The client's overlay addresses, as Control writes them.</summary>
    public IReadOnlyList<string> Addresses { get; set; } = [];

    /// <summary>The session that nobody between can read; null while the client's key is not known.</summary>
    public Peer? EndToEnd { get; set; }

    /// <summary>The relay that brought the client's last datagram.</summary>
    public Registration? Relay { get; set; }

    public IpEndpoint? RelayEndpoint { get; set; }

    /// <summary>Ways past the relay; null until there was talk of one.</summary>
    public PathSet? Paths { get; set; }

    /// <summary>Another's program, which has stock timers and says nothing of its ways.</summary>
    public bool IsStock { get; set; }

    /// <summary>How long a packet the client's own way in use carries, direct or relayed; through the gateway it is not asked.</summary>
    public int Mtu => Paths?.InUse is { } path ? path.ToldMtu : RelayEndpoint is { } relay && _relayMtuFrom == relay ? _relayMtu : InnerMtu.Smallest;

    /// <summary>What <see cref="Mtu"/> was when it was looked at last.</summary>
    public int LastMtu { get; set; } = InnerMtu.Smallest;

    /// <summary>When the client was introduced last.</summary>
    public long IntroducedAt { get; set; } = long.MinValue / 2;

    /// <summary>The session of the client's last packet: its own, or its gateway's.</summary>
    public Peer? Way { get; set; }

    public bool CanSend(long now) => Way is { Endpoint: not null } way && way.HasSession(now);

    /// <summary>The client says what the way through this relay carries, in bytes.</summary>
    public void SetRelayMtu(int mtu, in IpEndpoint relay) => (_relayMtu, _relayMtuFrom) = (mtu, relay);

    /// <summary>The network is another one: what the client said holds no more.</summary>
    public void ForgetMtu()
    {
        (_relayMtu, _relayMtuFrom) = (InnerMtu.Smallest, null);
        Paths?.ForgetMtu();
    }

    /// <summary>The client holds the keys of a new session: its counters begin at 0, and what still comes under the one before says nothing of the way.</summary>
    public void BeginSession(uint index)
    {
        _sessionIndex = index;
        _greatestCounter = 0;
    }

    /// <summary>Whether this is the highest-numbered packet so far, so that the way it came is the client's choice.</summary>
    public bool IsNewest(uint index, ulong counter)
    {
        if (index != _sessionIndex || counter < _greatestCounter)
            return false;
        _greatestCounter = counter;
        return true;
    }

    /// <summary>After peers were taken out: what is gone leads nowhere.</summary>
    public void ForgetRemoved()
    {
        if (Relay is { Peer.IsRemoved: true })
            (Relay, RelayEndpoint) = (null, null);
        if (Way is { IsRemoved: true })
            Way = null;
    }
}
