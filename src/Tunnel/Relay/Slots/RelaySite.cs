namespace Keyhole.Tunnel;

/// <summary>A private network as the relay sees it: the connectors that lead there.</summary>
internal sealed class RelaySite(int id)
{
    public int Id { get; } = id;

    public List<AgentSlot> Connectors { get; } = [];
}
