using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Net;
using System.Net.Sockets;
using Keyhole.Contracts;
using Keyhole.Packets;

namespace Keyhole.Connector;

/// <summary>
/// Where the auth daemons of the site's hosts listen. They hear the connector; a client to which all ports of a host are granted does not come there in the
/// connector's name. Any thread.
/// </summary>
/// <param name="resolve">As <see cref="Dns.GetHostAddressesAsync(string, CancellationToken)"/> does.</param>
internal sealed class DaemonEndpoints(Func<string, CancellationToken, Task<IPAddress[]>> resolve)
{
    private const int MaximumAtOnce = 16;

    private readonly Lock _gate = new();
    private IReadOnlyList<SshDaemon> _daemons = [];
    private FrozenDictionary<string, IpAddress[]> _addresses = FrozenDictionary<string, IpAddress[]>.Empty;
    private volatile FrozenSet<IpEndpoint> _current = FrozenSet<IpEndpoint>.Empty;

    /// <summary>Those that are known now. Replaced whole.</summary>
    public FrozenSet<IpEndpoint> Current => _current;

    /// <summary>Follows a table: addresses count at once, names by what they were before until <see cref="ResolveAsync"/>.</summary>
    /// <returns>Whether there is a name that nobody has asked for yet.</returns>
    public bool Follow(Table table)
    {
        lock (_gate)
        {
            _daemons = [.. table.Ssh.Select(row => row.Daemon).OfType<SshDaemon>()];
            Compile();
            return NamesOf(_daemons).Any(name => !_addresses.ContainsKey(name));
        }
    }

    /// <summary>Asks for the names. One that has no address now keeps those that it had.</summary>
    public async Task ResolveAsync(CancellationToken stop)
    {
        IReadOnlyList<SshDaemon> daemons;
        lock (_gate)
            daemons = _daemons;
        var found = new ConcurrentDictionary<string, IpAddress[]>(StringComparer.OrdinalIgnoreCase);
        await Parallel.ForEachAsync(NamesOf(daemons), new ParallelOptions { MaxDegreeOfParallelism = MaximumAtOnce, CancellationToken = stop }, async (name, cancelled) =>
        {
            try
            {
                found[name] = [.. (await resolve(name, cancelled)).Select(IpAddress.From)];
            }
            catch (Exception e) when (e is SocketException or ArgumentException)
            {
                // No such name, no answer, not a name.
                found[name] = [];
            }
        });

        lock (_gate)
        {
            // The table may be another one by now.
            var before = _addresses;
            _addresses = NamesOf(_daemons).Where(name => found.ContainsKey(name) || before.ContainsKey(name))
                .ToFrozenDictionary(name => name, name => found.GetValueOrDefault(name) is { Length: > 0 } answer ? answer : before.GetValueOrDefault(name, []), StringComparer.OrdinalIgnoreCase);
            Compile();
        }
    }

    private static IEnumerable<string> NamesOf(IReadOnlyList<SshDaemon> daemons) =>
        daemons.Select(daemon => daemon.Host).Where(host => !IPAddress.TryParse(host, out _)).Distinct(StringComparer.OrdinalIgnoreCase);

    private void Compile() => _current = _daemons
        .SelectMany(daemon => AddressesOf(daemon.Host).Select(address => new IpEndpoint(address, (ushort)daemon.Port))).ToFrozenSet();

    private IpAddress[] AddressesOf(string host) => IPAddress.TryParse(host, out var address) ? [IpAddress.From(address)] : _addresses.GetValueOrDefault(host, []);
}
