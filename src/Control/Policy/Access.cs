namespace Keyhole.Control;

/// <summary>Who may reach what: default deny, and the union of what was granted to oneself and to one's roles.</summary>
internal sealed class Access
{
    private readonly Dictionary<(PrincipalKind Kind, int Id), SortedSet<int>> _granted = [];
    private readonly NetworkState _state;

    public Access(NetworkState state)
    {
        _state = state;
        foreach (var grant in state.Grants)
        {
            if (!_granted.TryGetValue((grant.Kind, grant.Principal), out var resources))
                _granted.Add((grant.Kind, grant.Principal), resources = []);
            resources.Add(grant.Resource);
        }
    }

    /// <summary>Resources of a machine or external client, ordered; none once it has expired.</summary>
    public IReadOnlyCollection<int> Of(Peer client) => client.Expired ? [] : client.Kind switch
    {
        PeerKind.Machine => Granted(PrincipalKind.Machine, client.Id),
        PeerKind.ExternalClient => Granted(PrincipalKind.ExternalClient, client.Id),
        _ => [],
    };

    /// <summary>Resources of a user, ordered.</summary>
    public IReadOnlyCollection<int> Of(User user) =>
        new SortedSet<int>(Granted(PrincipalKind.User, user.Id).Concat(user.Roles.SelectMany(role => Granted(PrincipalKind.Role, role))));

    /// <summary>Everybody who can be granted something, with the resources by identifier.</summary>
    public IEnumerable<(PrincipalKind Kind, string Name, IReadOnlyCollection<int> Resources)> All() =>
        _state.Users.Select(user => (PrincipalKind.User, user.Email, Of(user)))
            .Concat(_state.Peers.Where(peer => peer.IsClient).Select(peer =>
                (peer.Kind == PeerKind.Machine ? PrincipalKind.Machine : PrincipalKind.ExternalClient, peer.Name, Of(peer))));

    private SortedSet<int> Granted(PrincipalKind kind, int id) => _granted.TryGetValue((kind, id), out var resources) ? resources : [];
}
