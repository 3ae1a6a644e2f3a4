using System.Runtime.CompilerServices;

namespace Keyhole.Control;

/// <summary>
/// What views look up in a network, each index made when it is first asked for: a list of ten thousand objects is read once, not once per
/// object. It lives as long as its network.
/// </summary>
internal sealed class ViewIndex
{
    private static readonly ConditionalWeakTable<NetworkState, ViewIndex> Known = [];

    private readonly Lazy<Dictionary<int, string>> _names;
    private readonly Lazy<ILookup<int, string>> _devices;
    private readonly Lazy<ILookup<int, string>> _holders;
    private readonly Lazy<ILookup<int, string>> _connectors;
    private readonly Lazy<ILookup<int, string>> _resources;
    private readonly Lazy<ILookup<Agent, Credential>> _credentials;

    private ViewIndex(NetworkState state)
    {
        _names = new(() => state.Users.Select(INamed (item) => item).Concat(state.Sites).Concat(state.Roles).ToDictionary(item => item.Id, item => item.Name));
        _devices = new(() => state.Peers.Where(peer => peer.Owner is not null && peer.DeviceState != DeviceState.Archived).ToLookup(peer => peer.Owner!.Value, peer => peer.Name));
        _holders = new(() => state.Users.SelectMany(user => user.Roles.Select(role => (role, user.Email))).ToLookup(held => held.role, held => held.Email));
        _connectors = new(() => state.Peers.Where(peer => peer.Site is not null).ToLookup(peer => peer.Site!.Value, peer => peer.Name));
        _resources = new(() => state.Resources.ToLookup(resource => resource.Site, resource => resource.Name));
        _credentials = new(() => state.Credentials.ToLookup(credential => credential.Agent));
    }

    public static ViewIndex Of(NetworkState state) => Known.GetValue(state, static present => new ViewIndex(present));

    /// <summary>The name of a user, site or role; null when there is none.</summary>
    public string? NameOf(int? id) => id is { } known ? _names.Value.GetValueOrDefault(known) : null;

    /// <summary>The devices of a user, without archived ones.</summary>
    public IEnumerable<string> DevicesOf(int user) => _devices.Value[user];

    /// <summary>The addresses of those who have a role.</summary>
    public IEnumerable<string> HoldersOf(int role) => _holders.Value[role];

    public IEnumerable<string> ConnectorsOf(int site) => _connectors.Value[site];

    public IEnumerable<string> ResourcesOf(int site) => _resources.Value[site];

    public IEnumerable<Credential> CredentialsOf(Agent agent) => _credentials.Value[agent];
}
