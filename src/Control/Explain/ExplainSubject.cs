namespace Keyhole.Control;

/// <summary>Who wants to reach something: a user with all devices, or one client.</summary>
/// <param name="User">Null for machines and external clients.</param>
/// <param name="Clients">The devices of the user, or the one client.</param>
internal sealed record ExplainSubject(PrincipalKind Kind, int Id, string Name, User? User, IReadOnlyList<Peer> Clients)
{
    public const string Fix = "write an e-mail address, or machine/NAME, external-client/NAME, device/NAME";

    /// <summary>"machine ci".</summary>
    public override string ToString() => $"{Names.Of(Kind)} {Name}";

    /// <exception cref="OperatorException">Nobody, or more than one, has this name.</exception>
    public static ExplainSubject Find(NetworkState state, string text)
    {
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        string? kind = slash < 0 ? null : text[..slash];
        string name = text[(slash + 1)..];
        var found = All(state).Where(entry => Names.Comparer.Equals(entry.Name, name) && (kind is null || entry.Word == kind)).ToList();
        return found switch
        {
            [var only] => only.Subject(),
            [] => throw OperatorErrors.Unknown("user, machine, device or external client", text, All(state).Select(entry => entry.Name)),
            _ => throw new OperatorException($"\"{Findings.Shown(text)}\" may be {string.Join(" or ", found.Select(entry => $"{entry.Word}/{entry.Name}"))}: say which"),
        };
    }

    private static IEnumerable<(string Word, string Name, Func<ExplainSubject> Subject)> All(NetworkState state) =>
        state.Users.Select((string, string, Func<ExplainSubject>) (user) =>
                ("user", user.Email, () => new ExplainSubject(PrincipalKind.User, user.Id, user.Email, user, [.. state.Peers.Where(peer => peer.Owner == user.Id)])))
            .Concat(state.Peers.Where(peer => peer.IsClient).Select((string, string, Func<ExplainSubject>) (peer) => (Names.Of(peer.Kind), peer.Name, () => Of(state, peer))));

    /// <summary>A device is asked for what its owner was granted.</summary>
    private static ExplainSubject Of(NetworkState state, Peer peer)
    {
        if (peer.Kind != PeerKind.Device)
            return new ExplainSubject(peer.Kind == PeerKind.Machine ? PrincipalKind.Machine : PrincipalKind.ExternalClient, peer.Id, peer.Name, null, [peer]);
        var owner = state.Users.FirstOrDefault(user => user.Id == peer.Owner)
            ?? throw new OperatorException($"the device {peer.Name} belongs to no user any more: it reaches nothing; remove it");
        return new ExplainSubject(PrincipalKind.User, owner.Id, owner.Email, owner, [peer]);
    }
}
