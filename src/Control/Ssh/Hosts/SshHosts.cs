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
        var next = message.Error is { } error
            ? Fail(known ?? new SshHost(resource.Id, connector, now), connector, Shown(error), isConnected)
            : Show(known ?? new SshHost(resource.Id, connector, now) { TakesNewKeys = true }, state, settings, resource, connector, message, isConnected);
        if (next is null || next == known)
            return state;
        return state with { Ssh = state.Ssh.With(next with { ContactAt = DateTimeOffset.FromUnixTimeMilliseconds(now.ToUnixTimeMilliseconds()) }) };
    }

    /// <summary>From now on what the host shows is right: what it has shown already, and was not taken, or what it shows next.</summary>
    public static SshState Forget(SshState ssh, SshHost host) => ssh.With(host.OfferedKeys.Count == 0
        ? host with { TakesNewKeys = true, Pin = null }
        : host with { HostKeys = host.OfferedKeys, Pin = host.OfferedPin ?? host.Pin, OfferedKeys = [], OfferedPin = null, Error = null, TakesNewKeys = false });

    /// <summary>Null where it says nothing about the host: another connector reaches it.</summary>
    private static SshHost? Fail(SshHost host, int connector, string error, Func<int, bool> isConnected) =>
        host.Connector != connector && host is { Error: null, HostKeys.Count: > 0 } && isConnected(host.Connector) ? null
        // What stands there is worse than that the host is away for a moment.
        : host.Error is not null && (host.OfferedKeys.Count != 0 || host.OfferedPin is not null) ? host
        : host with { Error = error };

    private static SshHost Show(SshHost host, NetworkState state, SshSettings settings, Resource resource, int connector, SshHostMessage message, Func<int, bool> isConnected)
    {
        var keys = message.HostKeys.Select(SshPublicKey.Parse).OfType<SshPublicKey>().Select(key => key.ToString()).Distinct().ToValueList();
        bool isNew = host.HostKeys.Count == 0 || host.TakesNewKeys;
        bool isAside = !isNew && host.Connector != connector && isConnected(host.Connector);
        // A daemon in a connector's own process is on one host only.
        if (isAside && !settings.External)
            return host;
        if (keys.Count == 0)
            return isAside ? host : host with { Error = "The host shows no key of an SSH server: install OpenSSH's server there, and run \"ssh-keygen -A\"." };
        string? pin = settings.External ? message.Pin : null;
        // Everybody of the site is told the pin: it counts for keys that nobody knows only in the moment in which the operator writes another one.
        bool isDeclared = settings.Pin is not null && settings.Pin == pin && host.Pin != pin;
        // Keys are public, too: those that a connector names beside one that is known are not taken with it.
        var taken = isNew || isDeclared ? keys : host.Pin is null || host.Pin == pin || !settings.External ? keys.Where(host.HostKeys.Contains).ToValueList() : [];
        if (taken.Count == 0)
        {
            return isAside ? host : host with
            {
                OfferedKeys = keys,
                OfferedPin = pin,
                Error = $"The host shows other keys than before: \"keyhole-control ssh forget-host {resource.Name}\" takes them, if it was reinstalled.",
            };
        }

        bool isWhole = taken.Count == keys.Count;
        return host with
        {
            Connector = connector,
            HostKeys = isAside && !isDeclared ? host.HostKeys : taken,
            Trusted = state.Ssh.Keys.Select(key => key.PublicKey).Where(message.Trusted.Contains).ToValueList(),
            Pin = pin ?? host.Pin,
            Error = null,
            TakesNewKeys = false,
            OfferedKeys = isWhole ? [] : keys,
            OfferedPin = isWhole ? null : pin,
        };
    }

    /// <summary>One line of bounded length without control characters: it reaches terminals.</summary>
    public static string Shown(string text)
    {
        const int MaximumLength = 500;
        string line = new([.. text.Trim().Take(MaximumLength).Select(letter =>
            char.IsControl(letter) || char.GetUnicodeCategory(letter) is System.Globalization.UnicodeCategory.Format or System.Globalization.UnicodeCategory.LineSeparator or System.Globalization.UnicodeCategory.ParagraphSeparator ? ' ' : letter)]);
        return line.Length == 0 ? "The auth daemon did not say what is wrong." : line;
    }
}
