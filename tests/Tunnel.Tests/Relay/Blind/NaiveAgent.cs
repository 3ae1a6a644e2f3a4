using Keyhole.Packets;

namespace Keyhole.Tunnel.Tests.Relay.Blind;

internal sealed class NaiveAgent(int slot, BlindNode node)
{
    public int Slot { get; } = slot;

    public BlindNode Node { get; } = node;

    public IpEndpoint Address { get; } = node.Endpoint;

    public bool IsConnector { get; } = node.Row.Site is not null;

    public bool IsStock { get; } = node.Row.Stock;
}
