namespace Keyhole.Edge;

/// <summary>How far a <see cref="MappingSession"/> has come.</summary>
internal enum MappingState
{
    /// <summary>The gateway is asked by PCP.</summary>
    AskingPcp,

    /// <summary>The gateway is asked by NAT-PMP for its external address.</summary>
    AskingAddress,

    /// <summary>The gateway is asked by NAT-PMP for the port.</summary>
    AskingPort,

    /// <summary>The mapping stands; it is renewed in time.</summary>
    Mapped,

    /// <summary>The gateway does not answer, or refuses; it is asked again later.</summary>
    Resting,
}
