using Microsoft.Extensions.Logging;

namespace Keyhole.Client;

/// <summary>Every line that the client can say beside those of <see cref="Edge.RegistrationLog"/>.</summary>
internal static partial class ClientLog
{
    [LoggerMessage(301, LogLevel.Information, "interface {Name} is up, MTU {Mtu}")]
    public static partial void Interface(ILogger logger, string name, int mtu);

    [LoggerMessage(302, LogLevel.Information, "table revision {Revision}: {Sites} sites, {Routes} prefixes")]
    public static partial void Applied(ILogger logger, long revision, int sites, int routes);

    [LoggerMessage(303, LogLevel.Warning, "{Prefix} holds the address of a relay or of Control and stays outside the tunnel; its overlay address leads there")]
    public static partial void LeftOut(ILogger logger, string prefix);

    [LoggerMessage(304, LogLevel.Error, "addresses and routes could not be set: {Message}")]
    public static partial void NotConfigured(ILogger logger, string message);

    [LoggerMessage(309, LogLevel.Information, "addresses and routes are all set now")]
    public static partial void Configured(ILogger logger);

    [LoggerMessage(305, LogLevel.Information, "names: {Resolver} asks {Server} for {Count} names")]
    public static partial void NamesApplied(ILogger logger, string resolver, string server, int count);

    [LoggerMessage(306, LogLevel.Warning, "names: {Problem}")]
    public static partial void NoNames(ILogger logger, string problem);

    [LoggerMessage(307, LogLevel.Warning, "names: what an earlier run had left in the resolver's configuration ({Resolver}) was undone")]
    public static partial void Repaired(ILogger logger, string resolver);

    [LoggerMessage(308, LogLevel.Debug, "the network has {Addresses} addresses; ways past the relay are looked for anew")]
    public static partial void Network(ILogger logger, int addresses);

    [LoggerMessage(310, LogLevel.Error, "names: the resolver's configuration is not as it was, run 'keyhole repair': {Problem}")]
    public static partial void NamesLeft(ILogger logger, string problem);

    [LoggerMessage(320, LogLevel.Information, "SOCKS5 and HTTP CONNECT on {Endpoint}, {Protection}")]
    public static partial void Listening(ILogger logger, string endpoint, string protection);

    [LoggerMessage(321, LogLevel.Information, "forwarding {Forward}")]
    public static partial void Forwarding(ILogger logger, string forward);
}
