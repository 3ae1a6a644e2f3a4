namespace Keyhole.Control;

/// <summary>The life of a CA's keys: two and more are trusted at once, so that no login falls between.</summary>
internal static class SshAuthorities
{
    public const int MaximumKeys = 4;

    /// <summary>The CA of an organisation, made where there is none yet.</summary>
    public static SshState Made(SshState ssh, SshVault vault, DateTimeOffset now)
    {
        if (ssh.Authority is not null)
            return ssh;
        string authority = SshVault.NewAuthority();
        return ssh with { Authority = authority, Keys = [vault.NewKey(authority, 1, now)] };
    }

    /// <summary>Adds a key. Hosts trust it when they say so; until then they are signed for with the key before.</summary>
    /// <exception cref="OperatorException">There are too many.</exception>
    public static SshState Rotate(SshState ssh, SshVault vault, DateTimeOffset now)
    {
        if (ssh.Authority is not { } authority)
            return Made(ssh, vault, now);
        if (ssh.Keys.Count == MaximumKeys)
            throw new OperatorException($"there are {MaximumKeys} keys already: retire the oldest, {ssh.Keys[0].Fingerprint}");
        return ssh with { Keys = ssh.Keys.Append(vault.NewKey(authority, ssh.Keys[^1].Number + 1, now)).ToValueList() };
    }

    /// <summary>Takes a key away: certificates that it signed open nothing any more.</summary>
    /// <param name="isInContact">Whether a host is told of changes now. One that was never met lets nobody in that could be locked out.</param>
    /// <param name="force">Also where a host trusts no other key.</param>
    /// <exception cref="OperatorException">It is the only one, or a host trusts no newer one.</exception>
    public static SshState Retire(NetworkState state, string fingerprint, Func<SshHost, bool> isInContact, bool force)
    {
        var ssh = state.Ssh;
        var key = ssh.Keys.FirstOrDefault(key => key.Fingerprint == fingerprint)
            ?? throw OperatorErrors.Unknown("SSH CA key", fingerprint, ssh.Keys.Select(key => key.Fingerprint));
        if (ssh.Keys.Count == 1)
            throw new OperatorException($"{fingerprint} is the only key of the CA: rotate first");
        var newer = ssh.Keys.Where(other => other.Number > key.Number).Select(other => other.PublicKey).ToList();
        if (newer.Count == 0 && !force)
            throw new OperatorException($"{fingerprint} is the newest key of the CA: retire an older one, or use force");
        var left = ssh.Hosts.Where(host => host.HostKeys.Count > 0 && isInContact(host) && !host.Trusted.Any(newer.Contains)).Select(host => NameOf(state, host)).ToList();
        if (left.Count != 0 && !force)
            throw new OperatorException($"these hosts do not trust a newer key yet: {string.Join(", ", left)}; wait for them, or use force and lock their users out until they do");
        return ssh with
        {
            Keys = ssh.Keys.Where(other => other != key).ToValueList(),
            Hosts = ssh.Hosts.Select(host => host.Trusted.Contains(key.PublicKey) ? host with { Trusted = host.Trusted.Where(other => other != key.PublicKey).ToValueList() } : host).ToValueList(),
        };
    }

    private static string NameOf(NetworkState state, SshHost host) => state.Resources.First(resource => resource.Id == host.Resource).Name;
}
