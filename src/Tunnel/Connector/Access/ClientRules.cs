using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <summary>The rules of one client, found by destination: one look-up for each prefix length in use, longest first.</summary>
internal sealed class ClientRules
{
    private readonly Dictionary<IpPrefix, AccessRule[]> _rules;
    private readonly int[] _lengths4;
    private readonly int[] _lengths6;

    public ClientRules(int client, IEnumerable<(IpPrefix Prefix, AccessRule Rule)> rules)
    {
        Client = client;
        _rules = rules.GroupBy(rule => rule.Prefix, rule => rule.Rule).ToDictionary(group => group.Key, group => group.ToArray());
        _lengths4 = Lengths(ipv4: true);
        _lengths6 = Lengths(ipv4: false);
    }

    /// <summary>The identifier of the client's row.</summary>
    public int Client { get; }

    /// <summary>Finds a rule that covers destination, protocol and port. Rules add up: any of them will do.</summary>
    public AccessVerdict Find(IpAddress destination, byte protocol, ushort port, out AccessRule? found)
    {
        var verdict = AccessVerdict.NotGranted;
        foreach (int length in destination.IsIpv4 ? _lengths4 : _lengths6)
        {
            if (!_rules.TryGetValue(new IpPrefix(destination, length), out var rules))
                continue;
            foreach (var rule in rules)
            {
                if (!rule.IsHost(destination))
                    continue;
                verdict = AccessVerdict.PortNotGranted;
                if (rule.Opens(protocol, port))
                {
                    found = rule;
                    return AccessVerdict.Allowed;
                }
            }
        }

        found = null;
        return verdict;
    }

    private int[] Lengths(bool ipv4) =>
        [.. _rules.Keys.Where(prefix => prefix.Address.IsIpv4 == ipv4).Select(prefix => prefix.Length).Distinct().OrderDescending()];
}
