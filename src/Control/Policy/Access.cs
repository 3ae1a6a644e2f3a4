namespace Keyhole.Control;

/// <summary>
/// Who may reach what: default deny, and the union of what was granted to oneself and to one's roles. Lists of those whom a change does not touch are the
/// same objects before and after it.
/// </summary>
internal sealed class Access
{
    private readonly NetworkState _state;
    private readonly Dictionary<(PrincipalKind Kind, int Id), ValueList<int>> _granted;
    private readonly Dictionary<int, (User User, ValueList<int> Resources)> _users;
    private readonly HashSet<int> _loggedIn;

    public Access(NetworkState state)
        : this(state, null)
    {
    }

    private Access(NetworkState state, Access? before)
    {
        _state = state;
        var from = before?._state ?? NetworkState.Empty;
        var touched = GrantChanges.Between(from.Grants, state.Grants);
        _granted = before is null ? [] : touched.Count == 0 ? before._granted : new(before._granted);
        foreach (var (principal, change) in touched)
            Put(principal, change);
        _users = before is not null && touched.Count == 0 && ReferenceEquals(from.Users, state.Users) ? before._users : UsersOf(state, before?._users, touched);
        _loggedIn = before is not null && ReferenceEquals(from.Credentials, state.Credentials)
            ? before._loggedIn
            : [.. state.Credentials.Where(credential => credential.Agent.Kind == AgentKind.Device).Select(credential => credential.Agent.Id)];
    }

    /// <summary>The same as a new one of <paramref name="state"/>, by the work that the change is; this one where the change touches nothing of it.</summary>
    public Access Next(NetworkState state) =>
        ReferenceEquals(_state.Peers, state.Peers) && ReferenceEquals(_state.Users, state.Users)
        && ReferenceEquals(_state.Grants, state.Grants) && ReferenceEquals(_state.Credentials, state.Credentials) ? this : new(state, this);

    /// <summary>
    /// Whether a peer stands in tables at all. A device does while it is approved, its user is there and not disabled, and it
    /// has a credential: the end of the login session takes that away.
    /// </summary>
    public bool IsActive(Peer peer) => !peer.Expired && peer.Enabled
        && (peer.Kind != PeerKind.Device || (peer.DeviceState == DeviceState.Approved && _loggedIn.Contains(peer.Id) && OwnerOf(peer) is { Disabled: false }));

    /// <summary>Resources of a client, ordered; none while it is not active. A device has those of its user.</summary>
    public ValueList<int> Of(Peer client) => !IsActive(client) ? ValueList<int>.Empty : client.Kind switch
    {
        PeerKind.Machine => Granted(PrincipalKind.Machine, client.Id),
        PeerKind.ExternalClient => Granted(PrincipalKind.ExternalClient, client.Id),
        PeerKind.Device => _users[client.Owner!.Value].Resources,
        _ => ValueList<int>.Empty,
    };

    /// <summary>Resources of a user, ordered; none while it is disabled.</summary>
    public ValueList<int> Of(User user) => _users[user.Id].Resources;

    /// <summary>What was granted to one principal itself, ordered.</summary>
    public ValueList<int> Granted(PrincipalKind kind, int id) => _granted.GetValueOrDefault((kind, id), ValueList<int>.Empty);

    /// <summary>Users and clients, by the word for their kind and their name, with the resources by identifier.</summary>
    public IEnumerable<(int Id, string Kind, string Name, ValueList<int> Resources)> All() =>
        _state.Users.Select(user => (user.Id, Names.Of(PrincipalKind.User), user.Email, Of(user)))
            .Concat(_state.Peers.Where(peer => peer.IsClient).Select(peer => (peer.Id, Names.Of(peer.Kind), peer.Name, Of(peer))));

    private User? OwnerOf(Peer device) => device.Owner is { } owner && _users.TryGetValue(owner, out var entry) ? entry.User : null;

    private void Put((PrincipalKind Kind, int Id) principal, GrantChanges change)
    {
        var old = Granted(principal.Kind, principal.Id);
        if (old.Count == 0)
        {
            // In the order of the grants, which is that of the resources.
            _granted[principal] = change.Added.ToValueList();
            return;
        }

        var resources = new SortedSet<int>(old);
        resources.ExceptWith(change.Removed);
        resources.UnionWith(change.Added);
        if (resources.Count == 0)
            _granted.Remove(principal);
        else
            _granted[principal] = resources.ToValueList();
    }

    private Dictionary<int, (User User, ValueList<int> Resources)> UsersOf(
        NetworkState state, Dictionary<int, (User User, ValueList<int> Resources)>? before, Dictionary<(PrincipalKind Kind, int Id), GrantChanges> touched)
    {
        var users = new Dictionary<int, (User User, ValueList<int> Resources)>(state.Users.Count);
        foreach (var user in state.Users)
        {
            bool stays = before is not null && before.TryGetValue(user.Id, out var old) && ReferenceEquals(old.User, user)
                && (touched.Count == 0 || (!touched.ContainsKey((PrincipalKind.User, user.Id)) && !user.Roles.Any(role => touched.ContainsKey((PrincipalKind.Role, role)))));
            users.Add(user.Id, stays ? before![user.Id] : (user, UnionOf(user)));
        }

        return users;
    }

    private ValueList<int> UnionOf(User user)
    {
        if (user.Disabled)
            return ValueList<int>.Empty;
        var own = Granted(PrincipalKind.User, user.Id);
        var roles = user.Roles.Select(role => Granted(PrincipalKind.Role, role)).Where(granted => granted.Count > 0).ToList();
        return (own.Count, roles) switch
        {
            (_, []) => own,
            (0, [var only]) => only,
            _ => new SortedSet<int>(own.Concat(roles.SelectMany(granted => granted))).ToValueList(),
        };
    }
}
