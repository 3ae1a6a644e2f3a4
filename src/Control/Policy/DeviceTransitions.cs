namespace Keyhole.Control;

/// <summary>The life of users' devices.</summary>
internal static class DeviceTransitions
{
    /// <summary>
    /// Takes up a device of a user with its first credential. The same key again means the same device: its user logged in anew.
    /// </summary>
    /// <param name="credential">Makes the credential of the device's identifier.</param>
    /// <param name="approved">Whether it may go to work at once.</param>
    /// <exception cref="OperatorException">The key belongs to something else, or the name to another device.</exception>
    /// <exception cref="OverlayExhaustedException">There is no address left.</exception>
    public static NetworkState Enrol(NetworkState state, User owner, string name, string publicKey, bool approved, Func<int, Credential> credential)
    {
        // Of a user who is gone nothing is left that could hold a key or a name.
        var peers = state.Peers.Where(peer => !(peer is { Kind: PeerKind.Device, Owner: null } && (peer.PublicKey == publicKey || Names.Comparer.Equals(peer.Name, name)))).ToList();
        if (peers.Find(peer => peer.PublicKey == publicKey) is { } known)
        {
            return known is { Kind: PeerKind.Device, DeviceState: not DeviceState.Archived } && known.Owner == owner.Id
                ? Next(state, Transitions.Rotate(state, credential(known.Id)))
                : throw new OperatorException("this public key belongs to another device, agent or client; every device makes its own");
        }

        if (state.Relays.Any(relay => relay.PublicKey == publicKey))
            throw new OperatorException("this public key belongs to a relay; every device makes its own");
        if (peers.Exists(peer => peer.Kind == PeerKind.Device && Names.Comparer.Equals(peer.Name, name)))
            throw new OperatorException($"a device is named {name} already; choose another name");
        var overlay = new OverlayAllocation(state.OverlayIpv6, state.Cursors);
        int id = state.Cursors.Id;
        var device = new Peer(id, PeerKind.Device, name)
        {
            Owner = owner.Id,
            DeviceState = approved ? DeviceState.Approved : DeviceState.Pending,
            PublicKey = publicKey,
            KeySource = KeySource.Reported,
        };
        var clients = overlay.AssignClients([.. peers.Where(peer => peer.IsClient), device], static peer => (peer.Ipv4, peer.Ipv6));
        var next = state with
        {
            Cursors = overlay.Cursors with { Id = id + 1 },
            Peers = peers.Append(clients[^1]).OrderBy(peer => peer.Id).ToValueList(),
            Credentials = state.Credentials.Where(other => other.Agent.Kind == AgentKind.Relay || peers.Exists(peer => peer.Id == other.Agent.Id)).ToValueList(),
        };
        return Next(state, Transitions.Rotate(next, credential(id)));
    }

    /// <summary>Approves, blocks or archives. What is archived has no credential and does not come back.</summary>
    /// <exception cref="OperatorException">The device is archived.</exception>
    public static NetworkState Set(NetworkState state, Peer device, DeviceState to)
    {
        if (device.DeviceState == to)
            return state;
        if (device.DeviceState == DeviceState.Archived)
            throw new OperatorException($"the device {device.Name} is archived: enrol it again with a new key");
        var agent = new Agent(AgentKind.Device, device.Id);
        return Next(state, state with
        {
            Peers = state.Peers.Select(peer => peer.Id == device.Id ? peer with { DeviceState = to } : peer).ToValueList(),
            Credentials = to == DeviceState.Archived ? state.Credentials.Where(credential => credential.Agent != agent).ToValueList() : state.Credentials,
        });
    }

    /// <summary>Takes the device out of the network for good.</summary>
    public static NetworkState Remove(NetworkState state, Peer device) => Next(state, state with
    {
        Peers = state.Peers.Where(peer => peer.Id != device.Id).ToValueList(),
        Credentials = state.Credentials.Where(credential => credential.Agent != new Agent(AgentKind.Device, device.Id)).ToValueList(),
    });

    private static NetworkState Next(NetworkState before, NetworkState after) => after with { Revision = before.Revision + 1 };
}
