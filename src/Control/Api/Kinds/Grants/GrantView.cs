namespace Keyhole.Control;

/// <param name="Kind">"role", "user", "machine" or "external-client".</param>
/// <param name="Principal">The name of who gets it.</param>
internal sealed record GrantView(string Resource, string Kind, string Principal)
{
    public static IReadOnlyList<GrantView> Of(NetworkState state)
    {
        var names = state.Resources.Select(INamed (item) => item).Concat(state.Roles).Concat(state.Users).Concat(state.Peers).ToDictionary(item => item.Id, item => item.Name);
        return [.. state.Grants.Select(grant => new GrantView(names[grant.Resource], Names.Of(grant.Kind), names[grant.Principal]))];
    }
}
