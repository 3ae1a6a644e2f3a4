using Microsoft.Extensions.Logging;

namespace Keyhole.Edge;

/// <summary>What connector and client say alike.</summary>
internal static partial class EdgeLog
{
    [LoggerMessage(102, LogLevel.Information, "registering at relay {Relay}")]
    public static partial void Registering(ILogger logger, string relay);

    [LoggerMessage(103, LogLevel.Information, "registered at relay {Relay} ({Endpoint})")]
    public static partial void Registered(ILogger logger, string relay, string endpoint);

    [LoggerMessage(104, LogLevel.Warning, "relay {Relay} does not answer; registering again")]
    public static partial void RelayLost(ILogger logger, string relay);

    [LoggerMessage(105, LogLevel.Information, "relay {Relay} is reached by TLS at {Endpoint}: {Reason}")]
    public static partial void ByTls(ILogger logger, string relay, string endpoint, string reason);

    [LoggerMessage(106, LogLevel.Information, "relay {Relay} is reached by UDP again")]
    public static partial void ByUdp(ILogger logger, string relay);

    [LoggerMessage(107, LogLevel.Warning, "a look at this host failed, and what was known before holds: {Message}")]
    public static partial void SurveyFailed(ILogger logger, string message);
}
