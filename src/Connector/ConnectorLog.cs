using Microsoft.Extensions.Logging;

namespace Keyhole.Connector;

/// <summary>Every line that the connector can say.</summary>
internal static partial class ConnectorLog
{
    [LoggerMessage(101, LogLevel.Information, "table revision {Revision} enforced at {At:O}: {Relays} relays, {Clients} clients, {FlowsCut} flows cut")]
    public static partial void Enforced(ILogger logger, long revision, DateTimeOffset at, int relays, int clients, int flowsCut);

    [LoggerMessage(105, LogLevel.Warning, "{Warning}")]
    public static partial void SocketWarning(ILogger logger, string warning);

    [LoggerMessage(106, LogLevel.Information, "drained; {Left} flows were still open")]
    public static partial void Drained(ILogger logger, int left);
}
