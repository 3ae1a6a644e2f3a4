using Keyhole.Contracts;
using Keyhole.Packets;
using Keyhole.Tunnel;

namespace Keyhole.Client;

/// <summary>The targets of one table, by the same rules that connectors enforce.</summary>
internal sealed class GrantedTargets : ITargetPolicy
{
    private readonly int _client;
    private readonly IReadOnlyList<IpAddress> _own;
    private readonly AccessRules _rules;
    private readonly NameTable _names;
    private readonly IpPrefix[] _inside;

    private GrantedTargets(int client, IReadOnlyList<IpAddress> own, AccessRules rules, NameTable names, IEnumerable<IpPrefix> inside)
    {
        _client = client;
        _own = own;
        _rules = rules;
        _names = names;
        _inside = [.. inside];
    }

    /// <summary>Nothing is granted.</summary>
    public static GrantedTargets None { get; } = new(0, [], AccessRules.None, NameTable.None, []);

    /// <param name="client">The <see cref="PeerRow.Id"/> of this client.</param>
    /// <param name="roster">What was compiled of the table for it.</param>
    public static GrantedTargets Compile(Table table, int client, ClientRoster roster) =>
        new(client, roster.Addresses, AccessRules.Compile(table), roster.Names, roster.Routes.Select(route => route.Prefix).Concat(Parse(roster.Overlay)));

    public TargetVerdict Find(IpAddress address, byte protocol, ushort port, out IpAddress source)
    {
        source = default;
        // By index: to enumerate a list behind its interface allocates.
        for (int i = 0; i < _own.Count; i++)
        {
            if (_own[i].IsIpv4 != address.IsIpv4)
                continue;
            source = _own[i];
            return _rules.Decide(_client, source, address, protocol, port, out _) switch
            {
                AccessVerdict.Allowed => TargetVerdict.Granted,
                AccessVerdict.PortNotGranted => TargetVerdict.PortNotGranted,
                _ => TargetVerdict.NotGranted,
            };
        }

        return TargetVerdict.NotGranted;
    }

    public TargetVerdict Find(ReadOnlySpan<char> name, byte protocol, ushort port, out IpAddress source, out IpAddress address)
    {
        source = address = default;
        if (_names.Find(name) is not { } named)
            return TargetVerdict.NotGranted;
        var verdict = TargetVerdict.NotGranted;
        if (named.Ipv4 is { } ipv4)
            verdict = Find(address = ipv4, protocol, port, out source);
        if (verdict == TargetVerdict.NotGranted && named.Ipv6 is { } ipv6)
            verdict = Find(address = ipv6, protocol, port, out source);
        return verdict;
    }

    public bool BelongsInside(IpAddress address)
    {
        foreach (var prefix in _inside)
        {
            if (prefix.Contains(address))
                return true;
        }

        return false;
    }

    private static IEnumerable<IpPrefix> Parse(IReadOnlyList<string> texts)
    {
        foreach (string text in texts)
        {
            if (IpPrefix.TryParse(text, out var prefix))
                yield return prefix;
        }
    }
}
