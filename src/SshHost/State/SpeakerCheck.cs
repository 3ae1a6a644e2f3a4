namespace Keyhole.SshHost;

/// <summary>
/// Who may speak for an organisation at this host: of each site the connectors that it was met by, and those that they named since. Those of one site say nothing about the
/// resources of another.
/// </summary>
internal static class SpeakerCheck
{
    /// <returns>Whether the connector is known. Else it comes by the first meeting, or takes the place that root has opened.</returns>
    /// <exception cref="AuthDaemonException">It may not say this row; the message says what root of this host does about it.</exception>
    public static bool CheckRow(HostState state, HostedResource row, Speaker speaker, DateTimeOffset now)
    {
        if (state.FindAuthority(row.Authority) is not { } known)
            return CheckFirst(state, row.Authority, speaker);
        if (Knows(known, state.SitesOf(row), speaker))
            return true;
        // What takes a resource away is nothing to meet by.
        return known.OpenUntil > now && !row.IsWithdrawn ? false : throw Stranger(row.Authority);
    }

    /// <returns>Whether the organisation is known: an order is not how one meets.</returns>
    /// <exception cref="AuthDaemonException">It may not order accounts through this resource; the message says what root of this host does about it.</exception>
    public static bool CheckOrder(HostState state, string authority, int resource, Speaker speaker)
    {
        if (state.FindAuthority(authority) is not { } known)
            return CheckFirst(state, authority, speaker);
        return Knows(known, state.Find(authority, resource) is { Site: var site } ? [site] : [], speaker) ? true : throw Stranger(authority);
    }

    /// <summary>The first organisation is met by the pre-shared key, which is on other hosts too: no other comes by it alone. Who is root here needs nobody's word.</summary>
    private static bool CheckFirst(HostState state, string authority, Speaker speaker) =>
        speaker.IsHere || state.Known.Count == 0 || state.Resources.Any(resource => resource.Authority == authority) ? false
            : throw new AuthDaemonException(AuthDaemonFault.Forbidden, $"The host serves another organisation. To have it serve this one too, run {CommandFor(authority)}.");

    /// <summary>A connector that is known brings a site that is not: it was moved there.</summary>
    private static bool Knows(KnownAuthority known, IReadOnlyList<int> sites, Speaker speaker) =>
        known.Sites.Any(site => site.Names(speaker.Connector)) && sites.Select(known.FindSite).All(site => site?.Names(speaker.Connector) != false);

    private static AuthDaemonException Stranger(string authority) =>
        new(AuthDaemonFault.Forbidden, $"The host was met by other connectors of the organisation, which did not name this one. To let it speak there, run {CommandFor(authority)}.");

    private static string CommandFor(string authority) => $"'{Path.GetFileName(Environment.ProcessPath)} auth-daemon admit --authority {authority}' as root on the host";
}
