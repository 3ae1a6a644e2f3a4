using Keyhole.Packets;

namespace Keyhole.Tunnel.Tests.Relay.Forwarding;

/// <summary>A forwarding table as <see cref="ConcurrentReaders"/> sees it.</summary>
internal interface IConcurrentTable
{
    void SetAddress(int slot, IpEndpoint address);

    void AddPair(int client, int connector, uint clientIndex, uint connectorIndex);

    void RemovePairs(int client, int connector);

    bool TryRoute(IpEndpoint source, uint index, out int from, out int to, out IpEndpoint destination);
}
