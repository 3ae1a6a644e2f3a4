using System.Security.Cryptography;
using System.Text;

namespace Keyhole.Control.Tests;

/// <summary>Changes of a network by chance: network files, and what comes from agents, users, operators and time.</summary>
internal sealed class RandomSteps(int seed)
{
    private static readonly SshVault Vault = new(new SecretBox(new byte[SecretBox.KeyLength]));
    private static readonly SshUpkeep Upkeep = new(Vault);
    private static readonly string[] HostKeys = [.. Enumerable.Range(0, 3).Select(_ => Ssh.SshPublicKey.FromEd25519(RandomNumberGenerator.GetBytes(32)).ToString())];

    private readonly Random _random = new(seed);
    private readonly RandomNetwork _files = new(seed);
    private int _made;

    public bool Chance(int of) => _random.Next(of) == 0;

    /// <summary>May be the same state: not everything can be done in every network.</summary>
    public NetworkState Next(NetworkState state) => Upkeep.Tend(state, Step(state), Samples.Now);

    private NetworkState Step(NetworkState state)
    {
        if (state.Organisation is null || Chance(4))
            return Samples.Apply(state, _files.Next());
        var peer = Pick(state.Peers);
        var user = Pick(state.Users);
        var grant = Pick(state.Grants.Cast<Grant?>().ToList());
        var resource = Pick(state.Resources);
        var relay = Pick(state.Relays);
        return _random.Next(15) switch
        {
            0 when peer is { Stock: false } => Transitions.ReportKey(state, AgentOf(peer), KeyOf($"{_made++}")) ?? state,
            1 when peer is { Kind: PeerKind.Connector } => Transitions.Drain(state, AgentOf(peer), !peer.Draining),
            2 when user is not null => Enrol(state, user),
            3 when peer is { Kind: PeerKind.Device, DeviceState: not DeviceState.Archived } => DeviceTransitions.Set(state, peer, (DeviceState)_random.Next(4)),
            4 when user is not null => Changed(state with { Users = state.Users.Select(other => other.Id == user.Id ? other with { Disabled = !other.Disabled } : other).ToValueList() }),
            5 when peer is { IsClient: true } => Changed(state with { Peers = state.Peers.Select(other => other.Id == peer.Id ? other with { Enabled = !other.Enabled } : other).ToValueList() }),
            6 => Transitions.Revoke(state, _ => Chance(2)),
            7 when grant is { } gone => Changed(state with { Grants = state.Grants.Where(other => other != gone).ToValueList() }),
            8 => Transitions.Expire(state, Samples.Now.AddDays(_random.Next(-400, 400))),
            9 or 10 when resource?.Ssh is not null && state.Peers.Where(connector => connector.Site == resource.Site).ToList() is { Count: > 0 } connectors =>
                SshHosts.Note(state, Pick(connectors)!.Id, Shown(state, resource.Id), _ => Chance(2), Samples.Now),
            11 when resource?.Ssh is not null && peer is { Kind: PeerKind.Device, Owner: { } owner } => Issue(state, owner, peer.Id, resource.Id),
            12 when state.Ssh.Hosts.Count != 0 => state with { Ssh = SshHosts.Forget(state.Ssh, Pick(state.Ssh.Hosts)!) },
            12 when state.Ssh.Keys.Count is > 0 and < 3 => state with { Ssh = SshAuthorities.Rotate(state.Ssh, Vault, Samples.Now) },
            13 when relay is not null => Transitions.ReportTls(state, new Agent(AgentKind.Relay, relay.Id), new TlsOffer(1 + _random.Next(3), null)),
            14 when peer is { Stock: false, Kind: not PeerKind.Device } && new Credential($"agent-{_made}", AgentOf(peer), "", Samples.Now) is var credential =>
                Transitions.ReportKey(Transitions.Rotate(state, credential, Chance(2) ? Samples.Now.AddDays(1) : null), credential, KeyOf($"{_made++}"))!,
            _ => state,
        };
    }

    private SshHostMessage Shown(NetworkState state, int resource) => new(
        resource, [HostKeys[_random.Next(3)]], [.. state.Ssh.Keys.Select(key => key.PublicKey).Where(_ => Chance(2))],
        Chance(2) ? KeyOf($"pin {_random.Next(2)}") : null, Chance(4) ? "The daemon is away." : null);

    private static NetworkState Issue(NetworkState state, int user, int device, int resource) => state with
    {
        Ssh = state.Ssh with
        {
            NextSerial = state.Ssh.NextSerial + 1,
            Issued = state.Ssh.Issued.Append(new SshIssued(state.Ssh.NextSerial, user, device, resource, Samples.Now.AddMinutes(5), false)).ToValueList(),
        },
    };

    private NetworkState Enrol(NetworkState state, User user) => DeviceTransitions.Enrol(
        state, user, $"device-{_made}", KeyOf($"device {_made++}"), !Chance(3), id => new Credential($"dev-{_made}", new Agent(AgentKind.Device, id), "", Samples.Now));

    private static NetworkState Changed(NetworkState state) => state with { Revision = state.Revision + 1 };

    private static Agent AgentOf(Peer peer) => new(Names.AgentOf(peer.Kind), peer.Id);

    private static string KeyOf(string text) => Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private T? Pick<T>(IReadOnlyList<T> items) => items.Count == 0 ? default : items[_random.Next(items.Count)];
}
