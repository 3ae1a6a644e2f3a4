using System.Collections.Frozen;
using Keyhole.Contracts;
using Keyhole.Edge;
using Keyhole.Packets;

namespace Keyhole.Connector;

/// <summary>
/// Where the auth daemons of a table's hosts listen. They hear the connector; a client to which all ports of a host are granted does not come there in the
/// connector's name.
/// </summary>
internal sealed class DaemonEndpoints(Table table)
{
    private readonly IReadOnlyList<SshDaemon> _daemons = [.. table.Ssh.Select(row => row.Daemon).OfType<SshDaemon>()];

    public static DaemonEndpoints None { get; } = new(new Table { Revision = 0, Organisation = "", Overlay = [] });

    /// <summary>Their hosts, names and addresses.</summary>
    public IEnumerable<string> Hosts => _daemons.Select(daemon => daemon.Host);

    /// <summary>Those whose addresses are known.</summary>
    public FrozenSet<IpEndpoint> Known(HostLookup hosts) =>
        _daemons.SelectMany(daemon => hosts.Of(daemon.Host).Select(address => new IpEndpoint(address, (ushort)daemon.Port))).ToFrozenSet();
}
