namespace Keyhole.Tunnel;

/// <summary>What an operator may want to read in the log.</summary>
public enum RelayEventKind
{
    /// <summary>An agent confirmed its first address.</summary>
    Registered,

    /// <summary>An agent confirmed another address.</summary>
    Moved,

    /// <summary>Two devices use the key of one agent, each at an address of its own.</summary>
    Contested,

    /// <summary>Another agent confirmed the address of this one, which has none now.</summary>
    AddressTaken,

    /// <summary>A connector started anew: its TCP flows were reset.</summary>
    ConnectorRestarted,

    /// <summary>A connector does not answer: new flows go to others of its site.</summary>
    ConnectorSilent,

    /// <summary>A silent connector was heard again.</summary>
    ConnectorBack,

    /// <summary>An agent said goodbye.</summary>
    Left,

    /// <summary>A table took an agent out: its session and flows are cut.</summary>
    Removed,
}
