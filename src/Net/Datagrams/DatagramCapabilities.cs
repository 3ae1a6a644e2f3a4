namespace Keyhole.Net;

/// <summary>What a socket got from the system. Offloads are discovered when it opens and withdrawn when the system refuses them.</summary>
public readonly record struct DatagramCapabilities
{
    public NetBackend Backend { get; init; }

    /// <summary>IPv6 is there; otherwise only IPv4 passes.</summary>
    public bool Ipv6 { get; init; }

    /// <summary>UDP_GRO: runs of datagrams arrive as one message.</summary>
    public bool ReceiveOffload { get; init; }

    /// <summary>UDP_SEGMENT: runs of datagrams leave as one message.</summary>
    public bool SendOffload { get; init; }

    /// <summary>The traffic class (TOS with ECN) is carried in and out.</summary>
    public bool TrafficClass { get; init; }

    /// <summary>The local address of a datagram is known, and can be chosen for an answer.</summary>
    public bool LocalAddress { get; init; }

    /// <summary>A datagram can be sent so that nobody cuts it in fragments, and one that came in fragments is told: what finds the MTU of a path needs both.</summary>
    public bool PathProbes { get; init; }

    /// <summary>Bytes, as the system reports it; Linux doubles what was asked.</summary>
    public int ReceiveBufferLength { get; init; }

    /// <summary>Bytes, as the system reports it; Linux doubles what was asked.</summary>
    public int SendBufferLength { get; init; }

    /// <summary>A sentence for the operator when the system gave smaller buffers than asked; null otherwise.</summary>
    public string? Warning { get; init; }
}
