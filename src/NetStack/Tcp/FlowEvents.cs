namespace Keyhole.NetStack;

/// <summary>What the host is still to be told about a flow, at the next Flush.</summary>
[Flags]
internal enum FlowEvents : byte
{
    None = 0,
    Connected = 1,
    Readable = 2,
    PeerFin = 4,
    SendSpace = 8,
    PeerReset = 16,
    Closed = 32,
}
