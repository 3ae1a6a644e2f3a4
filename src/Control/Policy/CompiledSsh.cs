namespace Keyhole.Control;

/// <summary>The hosts that people log in to by SSH, by resource. Rows that a change does not touch are the same objects before and after it.</summary>
internal sealed class CompiledSsh
{
    private readonly Dictionary<int, SshRow> _rows;

    private CompiledSsh(Dictionary<int, SshRow> rows, HashSet<int> changed)
    {
        _rows = rows;
        Changed = changed;
    }

    public static CompiledSsh Empty { get; } = new([], []);

    /// <summary>Resources whose rows are new, other or gone since the rows that these followed.</summary>
    public HashSet<int> Changed { get; }

    public SshRow? Find(int resource) => _rows.GetValueOrDefault(resource);

    public CompiledSsh Next(NetworkState from, Access before, CompiledRows<Peer, CompiledPeer> oldPeers, NetworkState to, Access after, CompiledRows<Peer, CompiledPeer> peers)
    {
        // Most networks have no such host, and most changes touch none.
        bool sameUsers = ReferenceEquals(before, after) || (ReferenceEquals(from.Users, to.Users) && ReferenceEquals(from.Grants, to.Grants));
        bool sameConnectors = !peers.Changed.Any(id => (peers.Find(id) ?? oldPeers.Find(id))!.Row.Site is not null);
        if (sameUsers && sameConnectors && ReferenceEquals(from.Resources, to.Resources) && ReferenceEquals(from.Ssh, to.Ssh))
            return Changed.Count == 0 ? this : new CompiledSsh(_rows, []);
        var resources = to.Ssh.Authority is null ? [] : to.Resources.Where(resource => resource.Ssh is not null).ToList();
        if (resources.Count == 0 && _rows.Count == 0)
            return Empty;
        var users = UsersOf(to, after, resources);
        var trusted = to.Ssh.Trusted;
        var hosts = to.Ssh.Hosts.ToDictionary(host => host.Resource);
        var connectors = peers.All.Where(entry => entry.Item is { Kind: PeerKind.Connector, Stock: false, PublicKey: not null })
            .ToLookup(entry => entry.Item.Site!.Value, entry => entry.Item.PublicKey!);
        var revoked = to.Ssh.Issued.Where(issued => issued.Revoked).ToLookup(issued => issued.Resource, issued => issued.Serial);
        var rows = new Dictionary<int, SshRow>(resources.Count);
        var changed = _rows.Keys.ToHashSet();
        foreach (var resource in resources)
        {
            var row = Row(resource, to.Ssh.Authority!, trusted, users[resource.Id], [.. revoked[resource.Id]], hosts.GetValueOrDefault(resource.Id)) with
            {
                Site = resource.Site,
                Connectors = [.. connectors[resource.Site].Order(StringComparer.Ordinal)],
            };
            bool same = _rows.TryGetValue(resource.Id, out var old) && old.Equals(row);
            rows.Add(resource.Id, same ? old! : row);
            if (same)
                changed.Remove(resource.Id);
            else
                changed.Add(resource.Id);
        }

        return new CompiledSsh(rows, changed);
    }

    private static SshRow Row(Resource resource, string authority, IReadOnlyList<string> trusted, IReadOnlyList<int> users, IReadOnlyList<long> revoked, SshHost? host)
    {
        var settings = resource.Ssh!;
        var daemon = settings.External ? new SshDaemon(resource.Destination.Text, settings.Port, settings.Pin ?? host?.Pin) : null;
        return new SshRow(resource.Id, authority, daemon, trusted, users, revoked, host?.Certificates ?? (IReadOnlyList<string>)[])
        {
            Groups = settings.Groups,
            Sudo = settings.SudoRule,
        };
    }

    /// <summary>Of every resource the users who may log in, ascending.</summary>
    private static Dictionary<int, List<int>> UsersOf(NetworkState state, Access access, List<Resource> resources)
    {
        var users = resources.ToDictionary(resource => resource.Id, _ => new List<int>());
        var open = resources.Where(SshAccess.IsOpen).Select(resource => resource.Id).ToHashSet();
        foreach (var user in open.Count == 0 ? [] : state.Users)
        {
            foreach (int resource in access.Of(user))
            {
                if (open.Contains(resource))
                    users[resource].Add(user.Id);
            }
        }

        return users;
    }
}
