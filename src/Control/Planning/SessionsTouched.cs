namespace Keyhole.Control;

/// <summary>Live sessions of clients that a change takes something from, as relays and connectors last reported them.</summary>
/// <param name="Ended">The client reaches nothing any more where the session leads.</param>
/// <param name="Narrowed">It reaches less.</param>
internal sealed record SessionsTouched(int Ended, int Narrowed)
{
    /// <param name="sessionsOf">What a relay or connector last reported.</param>
    public static SessionsTouched Between(CompiledNetwork before, CompiledNetwork after, Func<Agent, IReadOnlyList<SessionStatus>> sessionsOf)
    {
        var clients = before.State.Peers.Where(peer => peer is { IsClient: true, PublicKey: not null }).ToDictionary(peer => peer.PublicKey!);
        int ended = 0;
        int narrowed = 0;
        foreach (var agent in before.Enforcers)
        {
            int? site = before.Peers.FindItem(agent.Id)?.Site;
            foreach (var session in sessionsOf(agent))
            {
                // At the relay only stock apps end; whom it forwards for is told by the connectors.
                if (!session.Live || !clients.TryGetValue(session.PublicKey, out var client) || (site is null && client is not { Kind: PeerKind.ExternalClient, Sealed: false }))
                    continue;
                var had = Reached(before, client.Id, site);
                var has = Reached(after, client.Id, site);
                ended += had.Count > 0 && has.Count == 0 ? 1 : 0;
                narrowed += has.Count > 0 && !had.IsSubsetOf(has) ? 1 : 0;
            }
        }

        return new SessionsTouched(ended, narrowed);
    }

    private static HashSet<int> Reached(CompiledNetwork network, int client, int? site) =>
        [.. (network.GrantOf(client)?.Resources ?? []).Where(id => site is null || network.Resources.Find(id)!.Site == site)];
}
