namespace Keyhole.Tunnel;

/// <summary>The order in which a table comes into force: what it takes away first, then what it gives.</summary>
internal enum ApplyPhase
{
    /// <summary>Agents that are gone lose session and address, without which their entries lead nowhere.</summary>
    Remove,

    /// <summary>Clients get other routes, and lose the sessions with connectors that they may not meet any more.</summary>
    Reroute,

    /// <summary>Flows that nothing grants any more are cut.</summary>
    CutFlows,

    /// <summary>The entries of agents that are gone.</summary>
    Forget,

    /// <summary>The places of agents that are gone are free: nothing, not even a record in the journal, names them any more.</summary>
    Release,

    /// <summary>Names and draining marks.</summary>
    Rename,

    /// <summary>New agents may register.</summary>
    Add,

    /// <summary>After the first table of a process: what the journal held comes back.</summary>
    Finish,
}
