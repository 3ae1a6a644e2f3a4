namespace Keyhole.Tunnel;

/// <summary>Which way the data of a session goes.</summary>
public enum PathKind
{
    /// <summary>Through a relay.</summary>
    Relayed,

    /// <summary>Straight to the other, over the internet or a routed network.</summary>
    Direct,

    /// <summary>Straight to the other, within a network that both are on.</summary>
    Local,
}
