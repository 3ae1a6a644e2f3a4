namespace Keyhole.Tunnel;

/// <summary>What became of a pair of entries that a handshake response asked for (docs/protocol.md, rule 9).</summary>
public enum EntryResult
{
    /// <summary>Both directions are forwarded from now on.</summary>
    Added,

    /// <summary>The same response came before: nothing changed, its deadline included.</summary>
    Known,

    /// <summary>One of the two indices leads, or is, to another agent. A live entry is never replaced by another agent's.</summary>
    OwnedByOther,

    /// <summary>The client has its share of the table, and all of it is in use.</summary>
    AgentFull,

    /// <summary>The table is full.</summary>
    TableFull,
}
