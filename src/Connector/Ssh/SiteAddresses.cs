using System.Net;
using System.Net.Sockets;
using Keyhole.Edge;
using Keyhole.Packets;
using Keyhole.SshHost;
using Keyhole.Tunnel;

namespace Keyhole.Connector;

/// <summary>Where the hosts of a site are, resolved and judged as the destinations of flows are.</summary>
/// <param name="resolve">As <see cref="HostLookup.AskAsync"/> does.</param>
/// <param name="rules">What may not be dialled, as this host is now.</param>
/// <param name="own">The addresses of this host.</param>
internal sealed class SiteAddresses(Func<string, CancellationToken, Task<IPAddress[]>> resolve, Func<TargetRules> rules, Func<IEnumerable<IPAddress>> own)
{
    /// <summary>The addresses at which a host may be dialled, best first.</summary>
    /// <exception cref="AuthDaemonException">There are none.</exception>
    public async Task<IPAddress[]> DialAsync(string host, CancellationToken cancelled)
    {
        bool isExact = IPAddress.TryParse(host, out _);
        var all = await ResolveAsync(host, cancelled);
        if (all.Length == 0)
            throw new AuthDaemonException($"The name {host} has no address where the connector asks.");
        var judge = rules();
        var allowed = all.Where(address => judge.Allows(IpAddress.From(address), isExact)).ToArray();
        return allowed.Length > 0
            ? allowed
            : throw new AuthDaemonException($"{host} leads to {all[0]}, which a connector dials for nobody: make the resource's destination the address of the host in its network.");
    }

    /// <summary>Whether a destination is this very host; null where its name has no address now.</summary>
    public async Task<bool?> IsThisHostAsync(string destination, CancellationToken cancelled)
    {
        var addresses = await ResolveAsync(destination, cancelled);
        if (addresses.Length == 0)
            return null;
        var mine = own().ToHashSet();
        return addresses.Any(address => IPAddress.IsLoopback(address) || mine.Contains(address));
    }

    /// <summary>The addresses of this host's interfaces. Asks the system.</summary>
    public static IEnumerable<IPAddress> OfThisHost() => HostInterfaces.ReadAddresses().Select(Plain);

    private async Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancelled)
    {
        if (IPAddress.TryParse(host, out var literal))
            return [Plain(literal)];
        try
        {
            return [.. (await resolve(host, cancelled)).Select(Plain).Distinct()];
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            // No such name, no answer, not a name: there is no address.
            return [];
        }
    }

    /// <summary>Without what says the same in another way: a mapped form, a zone.</summary>
    private static IPAddress Plain(IPAddress address) =>
        address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address.AddressFamily == AddressFamily.InterNetworkV6 && address.ScopeId != 0 ? new IPAddress(address.GetAddressBytes()) : address;
}
