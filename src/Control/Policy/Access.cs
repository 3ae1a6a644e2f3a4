namespace Keyhole.Control;

/// <summary>Who may reach what: default deny, and the union of what was granted to oneself and to one's roles.</summary>
internal sealed class Access
{
    private readonly Dictionary<(PrincipalKind Kind, int Id), SortedSet<int>> _granted = [];
    private readonly Dictionary<int, User> _users;
    private readonly HashSet<int> _loggedIn;
    private readonly NetworkState _state;

    public Access(NetworkState state)
    {
        _state = state;
        _users = state.Users.ToDictionary(user => user.Id);
        _loggedIn = [.. state.Credentials.Where(credential => credential.Agent.Kind == AgentKind.Device).Select(credential => credential.Agent.Id)];
        foreach (var grant in state.Grants)
        {
            if (!_granted.TryGetValue((grant.Kind, grant.Principal), out var resources))
                _granted.Add((grant.Kind, grant.Principal), resources = []);
            resources.Add(grant.Resource);
        }
    }

    /// <summary>
    /// Whether a peer stands in tables at all. A device does while it is approved, its user is there and not disabled, and it
    /// has a credential: the end of the login session takes that away.
    /// </summary>
    public bool IsActive(Peer peer) => !peer.Expired && peer.Enabled
        && (peer.Kind != PeerKind.Device || (peer.DeviceState == DeviceState.Approved && _loggedIn.Contains(peer.Id) && OwnerOf(peer) is { Disabled: false }));

    /// <summary>Resources of a client, ordered; none while it is not active. A device has those of its user.</summary>
    public IReadOnlyCollection<int> Of(Peer client) => !IsActive(client) ? [] : client.Kind switch
    {
        PeerKind.Machine => Granted(PrincipalKind.Machine, client.Id),
        PeerKind.ExternalClient => Granted(PrincipalKind.ExternalClient, client.Id),
        PeerKind.Device => Of(OwnerOf(client)!),
        _ => [],
    };

    /// <summary>Resources of a user, ordered; none while it is disabled.</summary>
    public IReadOnlyCollection<int> Of(User user) => user.Disabled ? [] :
        new SortedSet<int>(Granted(PrincipalKind.User, user.Id).Concat(user.Roles.SelectMany(role => Granted(PrincipalKind.Role, role))));

    /// <summary>Users and clients, by the word for their kind and their name, with the resources by identifier.</summary>
    public IEnumerable<(string Kind, string Name, IReadOnlyCollection<int> Resources)> All() =>
        _state.Users.Select(user => (Names.Of(PrincipalKind.User), user.Email, Of(user)))
            .Concat(_state.Peers.Where(peer => peer.IsClient).Select(peer => (Names.Of(peer.Kind), peer.Name, Of(peer))));

    private User? OwnerOf(Peer device) => device.Owner is { } owner ? _users.GetValueOrDefault(owner) : null;

    private SortedSet<int> Granted(PrincipalKind kind, int id) => _granted.TryGetValue((kind, id), out var resources) ? resources : [];
}
