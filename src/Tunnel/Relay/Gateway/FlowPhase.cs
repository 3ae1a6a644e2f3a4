namespace Keyhole.Tunnel;

/// <summary>
/// How far a flow is, as far as its idle time depends on it.
/// <code>
/// Opening ── packet from the connector ──▶ Open ── FIN from both sides, or RST ──▶ Closing ── SYN ──▶ Opening
/// </code>
/// </summary>
internal enum FlowPhase : byte
{
    Opening,
    Open,
    Closing,
}
