using Keyhole.NetStack;

namespace Keyhole.Tunnel;

/// <summary>One TCP connection to the name server: one query after the other (RFC 7766 section 6.2.1.1).</summary>
internal sealed class NameStream(AgentSlot client, TcpFlow flow)
{
    public AgentSlot Client { get; } = client;

    /// <summary>Null once the connection is over.</summary>
    public TcpFlow? Flow { get; set; } = flow;

    /// <summary>The last query waits for a server elsewhere.</summary>
    public bool IsWaiting { get; set; }

    /// <summary>What of the last answer found no room yet.</summary>
    public ReadOnlyMemory<byte> Unsent { get; set; }
}
