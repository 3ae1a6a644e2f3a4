namespace Keyhole.Tunnel;

/// <summary>What <see cref="RelayForwarder"/> decided about datagrams.</summary>
public enum ForwardVerdict
{
    /// <summary>No transport data between two agents: <see cref="RelayState.Receive"/> deals with it.</summary>
    NotMine,

    /// <summary>Sent on as they are.</summary>
    Forward,

    /// <summary>They go no further; counted.</summary>
    Dropped,
}
