using Keyhole.Agent;

namespace Keyhole.Client;

/// <summary>What <c>keyhole up</c> takes beyond what every agent does.</summary>
internal static class UpSettings
{
    public static readonly Setting Data = new("--data", "DIR", "The directory of the key, the last table and the status socket. Private to this user.") { Default = DefaultData() };

    public static readonly Setting Interface = new("--interface", "NAME", "The TUN interface that is made, at most 15 letters.") { Default = "keyhole0" };

    public static readonly Setting RelayOnly = new("--relay-only", "", "Keep all data on relays: look for no direct paths to connectors.") { IsSwitch = true };

    public static readonly Setting Dns = new("--dns", "HOW", "How this machine comes to ask for granted names: auto, resolved, resolvconf, file (/etc/resolv.conf) or off.")
    {
        Default = ResolverChoice.Auto,
    };

    public static readonly IReadOnlyList<Setting> All = [Interface, Dns, RelayOnly, .. ProxySettings.All];

    /// <exception cref="AgentException">It is no name for an interface.</exception>
    public static string InterfaceFrom(SettingValues values)
    {
        string name = values.Require(Interface);
        return name.Length is > 0 and <= 15 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')
            ? name
            : throw new AgentException($"--interface '{name}' is not a name of at most 15 letters, digits, '-', '_' and '.'.");
    }

    /// <summary>/var/lib/keyhole for root, the user's own state directory otherwise.</summary>
    private static string DefaultData()
    {
        if (OperatingSystem.IsWindows())
            return Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), "keyhole");
        if (Environment.IsPrivilegedProcess)
            return "/var/lib/keyhole";
        string home = Environment.GetEnvironmentVariable("XDG_STATE_HOME") is { Length: > 0 } state
            ? state
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "state");
        return Path.Combine(home, "keyhole");
    }
}
