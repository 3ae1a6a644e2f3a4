using System.Net;

namespace Keyhole.Control;

/// <summary>Decides whether somebody may log in somewhere now. The first thing in the way is the answer: identity, device, target, settings, grant, port rule, CA, connector, host.</summary>
/// <param name="isConnected">Whether a connector is there.</param>
internal sealed class SshPolicy(NetworkState state, Func<int, bool> isConnected)
{
    private const int Forbidden = StatusCodes.Status403Forbidden;
    private const int Conflict = StatusCodes.Status409Conflict;
    private const int Unavailable = StatusCodes.Status503ServiceUnavailable;

    /// <param name="user">Who the login session belongs to; null where it is nobody of the organisation.</param>
    /// <param name="session">The login session that asks.</param>
    /// <param name="target">A resource's name, alias, destination or overlay address.</param>
    /// <param name="seesAll">Whether the user may know of resources that were not granted to it.</param>
    public (SshLogin? Login, SshRefusal? Refusal) Decide(User? user, long session, string target, bool seesAll) => Decide(user, session, known => Find(known, target, seesAll));

    /// <summary>As the other, for a resource that was found before.</summary>
    public (SshLogin? Login, SshRefusal? Refusal) Decide(User? user, long session, Resource known) => Decide(user, session, _ =>
        state.Resources.FirstOrDefault(resource => resource.Id == known.Id) is { } now ? (now, null) : (null, new(StatusCodes.Status404NotFound, $"{known.Name} is gone", "ask an administrator")));

    private (SshLogin? Login, SshRefusal? Refusal) Decide(User? user, long session, Func<User, (Resource? Resource, SshRefusal? Refusal)> find)
    {
        if (user is not { Disabled: false })
            return No(Forbidden, "Your user is disabled or gone in this organisation", "ask an administrator to enable it");
        var device = state.Credentials.Where(credential => credential.Session == session && credential.Agent.Kind == AgentKind.Device)
            .Select(credential => state.Peers.FirstOrDefault(peer => peer.Id == credential.Agent.Id)).FirstOrDefault(peer => peer?.Owner == user.Id);
        if (device is null)
            return No(Forbidden, "This login session is of no device", "run \"keyhole login\" on the machine that you connect from");
        if (DeviceObstacle(device) is { } blocked)
            return (null, blocked);
        var (resource, missing) = find(user);
        if (resource is null)
            return (null, missing);
        if (Obstacle(user, resource) is { } refusal)
            return (null, refusal);
        var (host, key, connectors, absent) = HostOf(resource);
        return absent is not null ? (null, absent) : (new SshLogin(user, device, resource, host!, key!, connectors), null);
    }

    /// <summary>What of policy and host stands in a user's way, whatever the device; null for nothing.</summary>
    public SshRefusal? Explain(User user, Resource resource) => Obstacle(user, resource) ?? HostOf(resource).Refusal;

    private SshRefusal? Obstacle(User user, Resource resource) =>
        resource.Ssh is null
            ? new(Conflict, $"{resource.Name} is not set up for SSH", $"an administrator writes \"ssh: true\" on the resource {resource.Name}")
        : !SshAccess.IsGranted(state, user, resource.Id)
            ? new(Forbidden, $"{resource.Name} is not granted to you", $"ask an administrator to grant {resource.Name} to {user.Email} or to a role of yours")
        : !SshAccess.IsOpen(resource)
            ? new(Forbidden, $"{resource.Name} does not let TCP 22 through", $"an administrator adds 22 to tcp of {resource.Name}")
        : null;

    private static SshRefusal? DeviceObstacle(Peer device) => device.DeviceState switch
    {
        DeviceState.Approved => device.Enabled && !device.Expired ? null : new(Forbidden, $"The device {device.Name} is disabled", "ask an administrator to enable it"),
        DeviceState.Pending => new(Forbidden, $"The device {device.Name} waits for approval", "ask an administrator to approve it"),
        DeviceState.Blocked => new(Forbidden, $"The device {device.Name} is blocked", "ask an administrator to unblock it"),
        _ => new(Forbidden, $"The device {device.Name} is archived", "run \"keyhole login\" on it again"),
    };

    /// <summary>Of what somebody may know of. Whoever gives one resource the name of another takes nobody there unseen: then it is several.</summary>
    private (Resource? Resource, SshRefusal? Refusal) Find(User user, string target, bool seesAll)
    {
        var granted = state.Grants.Where(grant => grant.Kind == PrincipalKind.User ? grant.Principal == user.Id : grant.Kind == PrincipalKind.Role && user.Roles.Contains(grant.Principal))
            .Select(grant => grant.Resource).ToHashSet();
        var known = seesAll ? state.Resources : state.Resources.Where(resource => granted.Contains(resource.Id)).ToValueList();
        bool isAddress = IPAddress.TryParse(target, out var address);
        var found = known.Where(resource => Names.Comparer.Equals(resource.Alias, target) || Names.Comparer.Equals(resource.Name, target)).ToList() is { Count: > 0 } named ? named
            : [.. known.Where(resource => Names.Comparer.Equals(resource.Destination.Text, target)
                || (isAddress && (resource.Destination.Prefix is { PrefixLength: var length } prefix && prefix.BaseAddress.Equals(address) && length == Overlay.BitLength(address!)
                    || resource.OverlayPrefixes.Any(overlay => overlay.Contains(address!)))))];
        if (found.Count > 1 && found.Where(resource => Obstacle(user, resource) is null).ToList() is { Count: > 0 } open)
            found = open;
        return found.Count switch
        {
            1 => (found[0], null),
            0 => (null, new(
                StatusCodes.Status404NotFound, seesAll ? $"No resource is called {Findings.Shown(target)}" : $"No resource that is called {Findings.Shown(target)} is granted to you",
                Hint(known, target) ?? (seesAll ? "name it by its alias, as \"keyhole list\" shows them" : $"ask an administrator to grant it to {user.Email} or to a role of yours; \"keyhole list\" shows what is granted"))),
            _ => found.Exists(resource => resource.Ssh is null) && found.Where(resource => resource.Ssh is not null).ToList() is [var only]
                ? (only, null)
                : (null, new(Conflict, $"{Findings.Shown(target)} is several resources ({string.Join(", ", found.Select(resource => resource.Name))})", "say which by its name or alias")),
        };
    }

    private static string? Hint(IEnumerable<Resource> known, string target) =>
        Nearest.To(target, known.Where(resource => resource.Ssh is not null).SelectMany(resource => new[] { resource.Alias, resource.Name }).OfType<string>()) is { } nearest ? $"did you mean {nearest}" : null;

    private (SshHost? Host, SshAuthorityKey? Key, IReadOnlyList<int> Connectors, SshRefusal? Refusal) HostOf(Resource resource)
    {
        if (state.Ssh.Keys.Count == 0)
            return Away(Unavailable, "The organisation has no SSH CA yet", "an administrator runs \"keyhole-control ssh rotate\"");
        var host = state.Ssh.FindHost(resource.Id);
        var connectors = state.Peers.Where(peer => peer.Kind == PeerKind.Connector && peer.Site == resource.Site && !peer.Stock).ToList();
        if (connectors.Count == 0)
            return Away(Unavailable, $"The site of {resource.Name} has no connector", "an administrator adds one");
        // The connector that is the daemon of its own host is the only one that can make accounts there.
        var asked = connectors.Where(peer => isConnected(peer.Id) && (resource.Ssh!.External || host is null or { HostKeys.Count: 0 } || host.Connector == peer.Id))
            .OrderByDescending(peer => peer.Id == host?.Connector).ThenBy(peer => peer.Draining).ThenBy(peer => peer.Id).Select(peer => peer.Id).ToList();
        if (asked.Count == 0)
        {
            string names = string.Join(", ", connectors.Where(peer => resource.Ssh!.External || host is null or { HostKeys.Count: 0 } || host.Connector == peer.Id).Select(peer => peer.Name));
            return Away(Unavailable, $"No connector that reaches {resource.Name} is connected to Control ({(names.Length == 0 ? "none is left" : names)})", "start keyhole-connector there, or look into its log");
        }

        if (host?.Error is { } error)
            return (null, null, [], new(Unavailable, $"{resource.Name} cannot be logged in to", error.TrimEnd('.')));
        if (host is null || host.HostKeys.Count == 0)
            return Away(Unavailable, $"The auth daemon of {resource.Name} has not been met yet", resource.Ssh!.External ? "start \"keyhole auth-daemon\" on the host, then try again in a minute" : "start keyhole-connector on the host with --auth-daemon, then try again in a minute");
        return state.Ssh.Keys.LastOrDefault(key => host.Trusted.Contains(key.PublicKey)) is { } newest
            ? (host, newest, asked, null)
            : Away(Unavailable, $"{resource.Name} trusts no key of the organisation's CA yet", "try again in a minute; \"keyhole-control ssh hosts\" says what it trusts");
    }

    private static (SshHost? Host, SshAuthorityKey? Key, IReadOnlyList<int> Connectors, SshRefusal? Refusal) Away(int status, string reason, string fix) => (null, null, [], new(status, reason, fix));

    private static (SshLogin? Login, SshRefusal? Refusal) No(int status, string reason, string fix) => (null, new(status, reason, fix));
}
