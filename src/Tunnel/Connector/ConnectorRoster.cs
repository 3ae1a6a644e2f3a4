using Keyhole.Contracts;
using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <summary>
/// Of a table, what the connector's sessions need: the relays to register at, the clients that were granted something here, and for which of them a relay
/// may speak (docs/protocol.md, rule 22). It never changes once compiled, so any thread may compile it.
/// </summary>
public sealed class ConnectorRoster
{
    private readonly Dictionary<int, PeerRow> _clients = [];
    private readonly Dictionary<IpAddress, int> _gatewayClients = [];

    private ConnectorRoster()
    {
    }

    /// <summary>No relay and nobody to hear.</summary>
    public static ConnectorRoster None { get; } = new();

    public long Revision { get; private init; }

    public IReadOnlyList<RelayRow> Relays { get; private init; } = [];

    /// <summary>Prefixes that exist inside the tunnel only.</summary>
    public IReadOnlyList<string> Overlay { get; private init; } = [];

    /// <summary>Control asks this connector to finish its flows and take no new ones.</summary>
    public bool IsDraining { get; private init; }

    /// <summary>Clients that were granted something at this site, by identifier.</summary>
    internal IReadOnlyDictionary<int, PeerRow> Clients => _clients;

    /// <summary>Addresses for which a relay may speak.</summary>
    internal IReadOnlyDictionary<IpAddress, int> GatewayClients => _gatewayClients;

    /// <param name="connector">The <see cref="PeerRow.Id"/> of this connector.</param>
    public static ConnectorRoster Compile(Table table, int connector)
    {
        ArgumentNullException.ThrowIfNull(table);
        var roster = new ConnectorRoster
        {
            Revision = table.Revision,
            Relays = table.Relays,
            Overlay = table.Overlay,
            IsDraining = table.Peers.Any(row => row is { Kind: PeerKind.Connector, Draining: true } && row.Id == connector),
        };
        var granted = table.Grants.Where(row => row.Resources.Count > 0).Select(row => row.Client).ToHashSet();
        foreach (var row in table.Peers.Where(row => row.Kind != PeerKind.Connector && granted.Contains(row.Id)))
        {
            roster._clients[row.Id] = row;
            foreach (string text in row.Kind == PeerKind.ExternalClient ? row.Addresses : [])
            {
                if (IpAddress.TryParse(text, out var address))
                    roster._gatewayClients.TryAdd(address, row.Id);
            }
        }

        return roster;
    }
}
