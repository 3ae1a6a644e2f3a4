using Keyhole.Ssh;

namespace Keyhole.Control;

/// <summary>What connectors tell of the hosts that people log in to.</summary>
internal static class SshHosts
{
    public const int MaximumHostKeys = 16;

    /// <summary>Whether a message can be one of a connector of ours at all.</summary>
    public static bool IsSound(SshHostMessage message) => message.HostKeys.Count <= MaximumHostKeys && message.Trusted.Count <= SshAuthorities.MaximumKeys
        && (message.Pin is null || KeySyntax.IsDigest(message.Pin));

    /// <summary>Takes note of what a host shows. Keys and pins that are none of those that are known are not taken: it may be another machine.</summary>
    /// <param name="connector">Who tells it.</param>
    /// <param name="isConnected">Whether another connector is there.</param>
    public static NetworkState Note(NetworkState state, int connector, SshHostMessage message, Func<int, bool> isConnected, DateTimeOffset now)
    {
        var resource = state.Resources.FirstOrDefault(resource => resource.Id == message.Resource);
        if (resource?.Ssh is not { } settings || state.Peers.FirstOrDefault(peer => peer.Id == connector)?.Site != resource.Site)
            return state;
        var known = state.Ssh.FindHost(resource.Id);
        var host = known ?? new SshHost(resource.Id, state.Ssh.NextGeneration, connector, now);
        var next = message.Error is { } error ? Fail(host, connector, Shown(error), isConnected) : Show(host, state, settings, resource, connector, message, isConnected);
        if (next == known)
            return state;
        var ssh = known is null ? state.Ssh with { NextGeneration = state.Ssh.NextGeneration + 1 } : state.Ssh;
        return state with { Ssh = ssh.With(next with { ContactAt = DateTimeOffset.FromUnixTimeMilliseconds(now.ToUnixTimeMilliseconds()) }) };
    }

    /// <summary>From now on what the host shows is right: what it has shown already, and was not taken, or what it shows next. What was certified for it proves nothing any more.</summary>
    public static SshState Forget(SshState ssh, SshHost host)
    {
        var anew = ssh.Anew(host);
        return host.Offer is not { } offer ? anew : anew.With(anew.FindHost(host.Resource)! with
        {
            Connector = offer.Connector,
            HostKeys = offer.HostKeys,
            Trusted = offer.Trusted,
            Pin = offer.Pin ?? host.Pin,
            Error = null,
        });
    }

    private static SshHost Fail(SshHost host, int connector, string error, Func<int, bool> isConnected) =>
        // It says nothing about the host: the connector that reaches it is there.
        host.HostKeys.Count > 0 && IsAside(host, connector, isConnected) ? host
        // What stands there is worse than that the host is away for a moment.
        : host is { Error: not null, Offer: not null } ? host
        : host with { Error = error };

    private static SshHost Show(SshHost host, NetworkState state, SshSettings settings, Resource resource, int connector, SshHostMessage message, Func<int, bool> isConnected)
    {
        var keys = message.HostKeys.Select(SshPublicKey.Parse).OfType<SshPublicKey>().Select(key => key.ToString()).Distinct().ToValueList();
        bool isNew = host.HostKeys.Count == 0;
        bool isAside = !isNew && IsAside(host, connector, isConnected);
        // A daemon in a connector's own process is on one host only, and of another one two connectors that reach it say the same.
        if (isAside && (!settings.External || host.Error is null))
            return host;
        if (keys.Count == 0)
            return isAside ? host : host with { Error = "The host shows no key of an SSH server: install OpenSSH's server there, and run \"ssh-keygen -A\"." };
        string? pin = settings.External ? message.Pin : null;
        // Everybody of the site is told the pin: it counts for keys that nobody knows only in the moment in which the operator writes another one.
        bool isDeclared = settings.Pin is not null && settings.Pin == pin && host.Pin != pin;
        // Keys are public, too: those that a connector names beside one that is known are not taken with it.
        var taken = isNew || isDeclared ? keys : host.Pin is null || host.Pin == pin || !settings.External ? keys.Where(host.HostKeys.Contains).ToValueList() : [];
        var trusted = state.Ssh.Keys.Select(key => key.PublicKey).Where(message.Trusted.Contains).ToValueList();
        var offer = taken.Count == keys.Count ? null : isAside ? host.Offer : new SshOffer(connector, keys, trusted, pin);
        if (taken.Count == 0)
        {
            return isAside ? host : host with
            {
                Offer = offer,
                Error = $"The host shows other keys than before: \"keyhole-control ssh forget-host {resource.Name}\" takes them, if it was reinstalled.",
            };
        }

        return host with
        {
            Connector = connector,
            HostKeys = isAside && !isDeclared ? host.HostKeys : taken,
            Trusted = trusted,
            Pin = pin ?? host.Pin,
            Error = null,
            Offer = offer,
        };
    }

    /// <summary>Whether another connector is there that has met the host.</summary>
    private static bool IsAside(SshHost host, int connector, Func<int, bool> isConnected) => host.Connector != connector && isConnected(host.Connector);

    /// <summary>One line of bounded length without control characters: it reaches terminals.</summary>
    public static string Shown(string text)
    {
        const int MaximumLength = 500;
        string line = new([.. text.Trim().Take(MaximumLength).Select(letter =>
            char.IsControl(letter) || char.GetUnicodeCategory(letter) is System.Globalization.UnicodeCategory.Format or System.Globalization.UnicodeCategory.LineSeparator or System.Globalization.UnicodeCategory.ParagraphSeparator ? ' ' : letter)]);
        return line.Length == 0 ? "The auth daemon did not say what is wrong." : line;
    }
}
