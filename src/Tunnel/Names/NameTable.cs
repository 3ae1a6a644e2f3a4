using Keyhole.Contracts;
using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <summary>
/// The names of what was granted, and the overlay addresses that they lead to. An exact alias wins over a wildcard, of wildcards the one with the longer
/// suffix, then the one with more characters of its own. Unchangeable, so any thread may ask: a new table makes a new one.
/// </summary>
public sealed class NameTable
{
    private const int MaximumNameLength = 253;
    private const int MaximumLabelLength = 63;

    public static readonly NameTable None = new([]);

    private readonly Dictionary<string, NamedResource> _exact = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<(AliasPattern Pattern, NamedResource Named)>> _patterns = new(StringComparer.Ordinal);
    private readonly Dictionary<IpAddress, NamedResource> _byAddress = [];
    private readonly HashSet<string> _outside = new(StringComparer.Ordinal);

    /// <param name="granted">Resources without an alias, with one that is no name, or of more than one address have no name.</param>
    public NameTable(IEnumerable<ResourceRow> granted)
    {
        ArgumentNullException.ThrowIfNull(granted);
        var entries = granted.Select(Name).OfType<NamedResource>().DistinctBy(named => named.Alias).ToList();
        foreach (var named in entries)
        {
            if (AliasPattern.IsWild(named.Alias))
            {
                AddPattern(new AliasPattern(named.Alias), named);
                continue;
            }

            _exact.Add(named.Alias, named);
            foreach (var address in new[] { named.Ipv4, named.Ipv6 }.OfType<IpAddress>())
                _byAddress.TryAdd(address, named);
        }

        foreach (var patterns in _patterns.Values)
            patterns.Sort((left, right) => (right.Pattern.LiteralLength, left.Named.Alias).CompareTo((left.Pattern.LiteralLength, right.Named.Alias)));
        Entries = [.. entries.OrderBy(named => named.Alias, StringComparer.Ordinal)];
        Suffixes = [.. Uncovered([.. _exact.Keys, .. _patterns.Keys])];
    }

    private NameTable(NameTable other, IEnumerable<string> hosts)
    {
        (_exact, _patterns, _byAddress) = (other._exact, other._patterns, other._byAddress);
        (Entries, Suffixes) = (other.Entries, other.Suffixes);
        _outside = [.. hosts.Select(host => host.TrimEnd('.').ToLowerInvariant())];
    }

    /// <summary>All names, in the order of the alphabet.</summary>
    public IReadOnlyList<NamedResource> Entries { get; }

    /// <summary>Every name that this table knows is one of these or ends with one. None ends with another.</summary>
    public IReadOnlyList<string> Suffixes { get; }

    /// <summary>Addresses that have a name of their own.</summary>
    public IReadOnlyCollection<IpAddress> Addresses => _byAddress.Keys;

    /// <summary>The same table without the names of these hosts: they are reached past the tunnel, whatever alias covers them.</summary>
    public NameTable Without(IEnumerable<string> hosts) => new(this, hosts);

    /// <summary>What a name leads to; null when nothing of that name was granted.</summary>
    /// <param name="name">In either case, with or without the last dot.</param>
    public NamedResource? Find(ReadOnlySpan<char> name)
    {
        if (name.EndsWith('.'))
            name = name[..^1];
        if (name.Length is 0 or > MaximumNameLength || name[0] == '.' || name.IndexOf("..", StringComparison.Ordinal) >= 0)
            return null;
        Span<char> lower = stackalloc char[name.Length];
        name.ToLowerInvariant(lower);
        if (_outside.GetAlternateLookup<ReadOnlySpan<char>>().Contains(lower))
            return null;
        if (_exact.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(lower, out var exact))
            return exact;
        var patterns = _patterns.GetAlternateLookup<ReadOnlySpan<char>>();
        for (int dot = _patterns.Count == 0 ? -1 : lower.IndexOf('.'); dot >= 0;)
        {
            var suffix = lower[(dot + 1)..];
            if (patterns.TryGetValue(suffix, out var candidates))
            {
                foreach (var (pattern, named) in candidates)
                {
                    if (pattern.Matches(lower))
                        return named;
                }
            }

            int next = suffix.IndexOf('.');
            dot = next < 0 ? -1 : dot + 1 + next;
        }

        return null;
    }

    /// <summary>What has this overlay address and a name without wildcards; null when nothing has.</summary>
    public NamedResource? Find(IpAddress address) => _byAddress.GetValueOrDefault(address);

    private void AddPattern(AliasPattern pattern, NamedResource named)
    {
        if (!_patterns.TryGetValue(pattern.Suffix, out var patterns))
            _patterns.Add(pattern.Suffix, patterns = []);
        patterns.Add((pattern, named));
    }

    private static NamedResource? Name(ResourceRow resource)
    {
        if (resource.Alias?.TrimEnd('.').ToLowerInvariant() is not { } alias || !IsName(alias))
            return null;
        IpAddress? ipv4 = null;
        IpAddress? ipv6 = null;
        foreach (string text in resource.Overlay)
        {
            if (!IpPrefix.TryParse(text, out var overlay) || !overlay.IsHost)
                continue;
            if (overlay.Address.IsIpv4)
                ipv4 ??= overlay.Address;
            else
                ipv6 ??= overlay.Address;
        }

        return ipv4 is null && ipv6 is null ? null : new NamedResource(resource, alias, ipv4, ipv6);
    }

    /// <summary>Control gives out no other; what is written here goes into other programs' configuration.</summary>
    private static bool IsName(string alias)
    {
        if (alias.Length is 0 or > MaximumNameLength)
            return false;
        string[] labels = alias.Split('.');
        return !AliasPattern.IsWild(labels[^1])
            && labels.All(label => label.Length is > 0 and <= MaximumLabelLength && label.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '*' or '?'));
    }

    private static IEnumerable<string> Uncovered(IEnumerable<string> suffixes)
    {
        var all = suffixes.ToHashSet(StringComparer.Ordinal);
        return all.Where(suffix => !Parents(suffix).Any(all.Contains)).Order(StringComparer.Ordinal);
    }

    private static IEnumerable<string> Parents(string name)
    {
        for (int dot = name.IndexOf('.', StringComparison.Ordinal); dot >= 0; dot = name.IndexOf('.', dot + 1))
            yield return name[(dot + 1)..];
    }
}
