using System.Text.RegularExpressions;

namespace Keyhole.Control;

/// <summary>The names of objects: safe as file names, in comments of generated files, on terminals and in logs.</summary>
internal static partial class Names
{
    public const string Rule = "1 to 63 of A-Z a-z 0-9 . _ -, starting with a letter or digit";

    /// <summary>The rule as a regular expression of ECMA 262, which knows no \z.</summary>
    public const string PatternText = "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$";

    /// <summary>"Web" and "web" are one name.</summary>
    public static StringComparer Comparer => StringComparer.OrdinalIgnoreCase;

    public static bool IsName(string text) => Pattern().IsMatch(text);

    public static string Of(PeerKind kind) => kind switch
    {
        PeerKind.Connector => "connector",
        PeerKind.Machine => "machine",
        PeerKind.Device => "device",
        _ => "external-client",
    };

    public static string Of(AgentKind kind) => kind switch
    {
        AgentKind.Relay => "relay",
        AgentKind.Connector => "connector",
        AgentKind.Machine => "machine",
        _ => "device",
    };

    /// <summary>The agent that runs on a peer of ours.</summary>
    public static AgentKind AgentOf(PeerKind kind) => kind switch
    {
        PeerKind.Connector => AgentKind.Connector,
        PeerKind.Device => AgentKind.Device,
        _ => AgentKind.Machine,
    };

    public static string Of(PrincipalKind kind) => kind switch
    {
        PrincipalKind.Role => "role",
        PrincipalKind.User => "user",
        PrincipalKind.Machine => "machine",
        _ => "external-client",
    };

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}\z")]
    private static partial Regex Pattern();
}
