using Keyhole.Packets;

namespace Keyhole.Tunnel.Tests.Relay.Forwarding;

internal sealed class RealTable : IConcurrentTable
{
    private const long Now = 1_000_000;

    private readonly ForwardingTable _table = new(64, 8192, 0x1234_5678_9ABC_DEF1);

    public void SetAddress(int slot, IpEndpoint address) => _table.SetAddress(slot, address);

    public void AddPair(int client, int connector, uint clientIndex, uint connectorIndex) =>
        Assert.Equal(EntryResult.Added, _table.AddPair(client, connector, clientIndex, connectorIndex, Now));

    public void RemovePairs(int client, int connector) => _table.RemovePairs(client, connector);

    public bool TryRoute(IpEndpoint source, uint index, out int from, out int to, out IpEndpoint destination) =>
        _table.TryRoute(source, index, Now, out from, out to, out destination);
}
