namespace Keyhole.Control;

/// <summary>The names that several resources of a network bear, as name, alias or destination: no certificate may say that one of them is meant.</summary>
internal sealed class SharedNames(NetworkState state)
{
    private readonly Lazy<ILookup<string, Resource>> _bearers = new(() => state.Resources
        .SelectMany(resource => SshNames.NamesOf(resource).Select(name => (Name: name, Resource: resource))).ToLookup(entry => entry.Name, entry => entry.Resource, Names.Comparer));

    /// <summary>Whether another resource bears the name. Two that lead to the same place are the same host by that name.</summary>
    public bool Contains(Resource resource, string name) => _bearers.Value[name].Any(other => other.Id != resource.Id && !(IsPlaceOf(resource, name) && IsPlaceOf(other, name) && other.Site == resource.Site));

    private static bool IsPlaceOf(Resource resource, string name) =>
        Names.Comparer.Equals(resource.Destination.Text, name) && !Names.Comparer.Equals(resource.Name, name) && !Names.Comparer.Equals(resource.Alias, name);
}
