using System.Security.Cryptography;
using System.Text;

namespace Keyhole.Control.Tests;

/// <summary>Changes of a network by chance: network files, and what comes from agents, users, operators and time.</summary>
internal sealed class RandomSteps(int seed)
{
    private readonly Random _random = new(seed);
    private readonly RandomNetwork _files = new(seed);
    private int _made;

    public bool Chance(int of) => _random.Next(of) == 0;

    /// <summary>May be the same state: not everything can be done in every network.</summary>
    public NetworkState Next(NetworkState state)
    {
        if (state.Organisation is null || Chance(4))
            return Samples.Apply(state, _files.Next());
        var peer = Pick(state.Peers);
        var user = Pick(state.Users);
        var grant = Pick(state.Grants.Cast<Grant?>().ToList());
        return _random.Next(9) switch
        {
            0 when peer is { Stock: false } => Transitions.ReportKey(state, AgentOf(peer), KeyOf($"{_made++}")) ?? state,
            1 when peer is { Kind: PeerKind.Connector } => Transitions.Drain(state, AgentOf(peer), !peer.Draining),
            2 when user is not null => Enrol(state, user),
            3 when peer is { Kind: PeerKind.Device, DeviceState: not DeviceState.Archived } => DeviceTransitions.Set(state, peer, (DeviceState)_random.Next(4)),
            4 when user is not null => Changed(state with { Users = state.Users.Select(other => other.Id == user.Id ? other with { Disabled = !other.Disabled } : other).ToValueList() }),
            5 when peer is { IsClient: true } => Changed(state with { Peers = state.Peers.Select(other => other.Id == peer.Id ? other with { Enabled = !other.Enabled } : other).ToValueList() }),
            6 => Transitions.Revoke(state, credential => credential.Agent.Kind == AgentKind.Device && Chance(2)),
            7 when grant is { } gone => Changed(state with { Grants = state.Grants.Where(other => other != gone).ToValueList() }),
            8 => Transitions.Expire(state, Samples.Now.AddDays(_random.Next(-400, 400))),
            _ => state,
        };
    }

    private NetworkState Enrol(NetworkState state, User user) => DeviceTransitions.Enrol(
        state, user, $"device-{_made}", KeyOf($"device {_made++}"), !Chance(3), id => new Credential($"dev-{_made}", new Agent(AgentKind.Device, id), "", Samples.Now));

    private static NetworkState Changed(NetworkState state) => state with { Revision = state.Revision + 1 };

    private static Agent AgentOf(Peer peer) => new(Names.AgentOf(peer.Kind), peer.Id);

    private static string KeyOf(string text) => Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private T? Pick<T>(IReadOnlyList<T> items) => items.Count == 0 ? default : items[_random.Next(items.Count)];
}
