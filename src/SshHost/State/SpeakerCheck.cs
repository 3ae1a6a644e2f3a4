namespace Keyhole.SshHost;

/// <summary>Who may speak for an organisation at this host: the connectors that it was met by, and those that they named since.</summary>
internal static class SpeakerCheck
{
    /// <exception cref="AuthDaemonException">Somebody else; the message says what root of this host does about it.</exception>
    public static void Check(HostState state, string authority, Speaker speaker)
    {
        string command = $"'{Path.GetFileName(Environment.ProcessPath)} auth-daemon admit --authority {authority}' as root on the host";
        if (state.FindAuthority(authority) is not { } known)
        {
            // The first organisation is met by the pre-shared key, which is on other hosts too: no other comes by it alone. Who is root here needs nobody's word.
            if (!speaker.IsHere && state.Known.Count > 0 && state.Resources.All(resource => resource.Authority != authority))
                throw new AuthDaemonException(AuthDaemonFault.Forbidden, $"The host serves another organisation. To have it serve this one too, run {command}.");
        }
        else if (known.Connectors.Count > 0 && !known.Connectors.Contains(speaker.Connector, StringComparer.Ordinal))
        {
            throw new AuthDaemonException(AuthDaemonFault.Forbidden, $"The host was met by other connectors of the organisation, which did not name this one. To let it speak there, run {command}.");
        }
    }
}
