namespace Keyhole.Control;

/// <summary>
/// A whole network at one moment, immutable. Every change is a calculation from one state to the next
/// (<see cref="Reconciliation"/>, <see cref="Transitions"/>); the store writes the difference in one transaction.
/// Lists are in the order of their identifiers, and an identifier is never used twice.
/// </summary>
internal sealed record NetworkState
{
    public static NetworkState Empty { get; } = new();

    /// <summary>Null until a description was applied.</summary>
    public string? Organisation { get; init; }

    /// <summary>The first address of the organisation's /48 of fd00::/8.</summary>
    public UInt128 OverlayIpv6 { get; init; }

    /// <summary>Counts up with every change that an agent could see.</summary>
    public long Revision { get; init; }

    public Cursors Cursors { get; init; } = Cursors.First;

    public ValueList<Relay> Relays { get; init; } = [];

    public ValueList<Site> Sites { get; init; } = [];

    /// <summary>Connectors, machines, devices and external clients.</summary>
    public ValueList<Peer> Peers { get; init; } = [];

    public ValueList<Resource> Resources { get; init; } = [];

    public ValueList<Role> Roles { get; init; } = [];

    public ValueList<User> Users { get; init; } = [];

    public ValueList<Grant> Grants { get; init; } = [];

    public ValueList<Credential> Credentials { get; init; } = [];

    public SshState Ssh { get; init; } = SshState.None;

    public Peer? FindPeer(PeerKind kind, string name) =>
        Peers.FirstOrDefault(peer => peer.Kind == kind && Names.Comparer.Equals(peer.Name, name));

    /// <summary>The static key that an agent told; null while it told none, and where a network file declares one.</summary>
    public string? ReportedKeyOf(Agent agent) => agent.Kind == AgentKind.Relay
        ? Relays.FirstOrDefault(relay => relay.Id == agent.Id)?.PublicKey
        : Peers.FirstOrDefault(peer => peer.Id == agent.Id && peer.KeySource == KeySource.Reported)?.PublicKey;

    /// <summary>Who told a static key that is in the tables.</summary>
    public IEnumerable<Agent> AgentsWithReportedKey => Relays.Where(relay => relay.PublicKey is not null).Select(relay => new Agent(AgentKind.Relay, relay.Id))
        .Concat(Peers.Where(peer => peer.KeySource == KeySource.Reported).Select(peer => new Agent(Names.AgentOf(peer.Kind), peer.Id)));

    public User? FindUser(string email) => Users.FirstOrDefault(user => Names.Comparer.Equals(user.Email, email));

    /// <summary>The union of what the roles of a user let it do; nothing while it is disabled.</summary>
    public bool May(User user, string permission) =>
        !user.Disabled && Roles.Any(role => user.Roles.Contains(role.Id) && role.Permissions.Contains(permission));
}
