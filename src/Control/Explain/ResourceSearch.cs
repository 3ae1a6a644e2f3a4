namespace Keyhole.Control;

/// <summary>What a target may lead to.</summary>
internal sealed class ResourceSearch(NetworkState state)
{
    /// <summary>The most exact first: names before aliases before wildcards before destinations, and the longer prefix before the shorter.</summary>
    public List<Resource> Find(ExplainTarget target)
    {
        if (target.Address is { } address)
        {
            return
            [
                .. state.Resources.Where(resource => resource.OverlayIpv4?.Contains(address) == true || resource.OverlayIpv6?.Contains(address) == true)
                    .Concat(state.Resources.Where(resource => resource.Destination.Prefix?.Contains(address) == true)
                        .OrderByDescending(resource => resource.Destination.Prefix!.Value.PrefixLength)),
            ];
        }

        string name = target.Host.ToLowerInvariant();
        var patterns = state.Resources.Where(resource => resource.Alias is { } alias && AliasPattern.IsWild(alias))
            .Select(resource => (Resource: resource, Pattern: new AliasPattern(resource.Alias!.ToLowerInvariant())))
            .Where(entry => entry.Pattern.Matches(name))
            .OrderByDescending(entry => entry.Pattern.Suffix.Length).ThenByDescending(entry => entry.Pattern.LiteralLength)
            .Select(entry => entry.Resource);
        return
        [
            .. state.Resources.Where(resource => Names.Comparer.Equals(resource.Name, name))
                .Concat(state.Resources.Where(resource => string.Equals(resource.Alias, name, StringComparison.OrdinalIgnoreCase)))
                .Concat(patterns)
                .Concat(state.Resources.Where(resource => resource.Destination.Text == name))
                .Distinct(),
        ];
    }
}
