using Microsoft.Extensions.Logging;

namespace Keyhole.Relay;

/// <summary>Every line that the relay can say beside those of all agents. None is written per packet.</summary>
internal static partial class RelayLog
{
    [LoggerMessage(101, LogLevel.Information, "listening on UDP {Endpoint} ({Threads} threads, {Backend}, offload in {ReceiveOffload}, out {SendOffload})")]
    public static partial void Listening(ILogger logger, string endpoint, int threads, string backend, bool receiveOffload, bool sendOffload);

    [LoggerMessage(102, LogLevel.Warning, "{Warning}")]
    public static partial void Capability(ILogger logger, string warning);

    [LoggerMessage(103, LogLevel.Information, "table revision {Revision} is in force: {Agents} agents, {Added} new, {Removed} gone, {Flows} flows cut")]
    public static partial void Applied(ILogger logger, long revision, int agents, int added, int removed, int flows);

    [LoggerMessage(104, LogLevel.Warning, "table revision {Revision}: {Refused} agents cannot be used (key, address, or more than {Maximum})")]
    public static partial void Refused(ILogger logger, long revision, int refused, int maximum);

    [LoggerMessage(105, LogLevel.Information, "{Agent} registered from {Endpoint}")]
    public static partial void Registered(ILogger logger, string agent, string? endpoint);

    [LoggerMessage(106, LogLevel.Information, "{Agent} moved to {Endpoint}")]
    public static partial void Moved(ILogger logger, string agent, string? endpoint);

    [LoggerMessage(107, LogLevel.Warning, "{Agent} lost its address {Endpoint} to another agent")]
    public static partial void AddressTaken(ILogger logger, string agent, string? endpoint);

    [LoggerMessage(108, LogLevel.Information, "connector {Agent} started anew: {Flows} TCP flows reset")]
    public static partial void ConnectorRestarted(ILogger logger, string agent, int flows);

    [LoggerMessage(109, LogLevel.Information, "connector {Agent} does not answer: {Flows} flows cut")]
    public static partial void ConnectorSilent(ILogger logger, string agent, int flows);

    [LoggerMessage(110, LogLevel.Information, "connector {Agent} is back")]
    public static partial void ConnectorBack(ILogger logger, string agent);

    [LoggerMessage(111, LogLevel.Information, "{Agent} left: {Flows} flows cut")]
    public static partial void Left(ILogger logger, string agent, int flows);

    [LoggerMessage(112, LogLevel.Information, "{Agent} was taken out: its session is closed, {Flows} flows cut")]
    public static partial void Removed(ILogger logger, string agent, int flows);

    [LoggerMessage(113, LogLevel.Information, "listening on TCP {Endpoint} for agents of networks that block UDP (certificate known {Pin})")]
    public static partial void TlsListening(ILogger logger, string endpoint, string pin);

    [LoggerMessage(114, LogLevel.Warning, "TCP {Endpoint} cannot be used: {Reason}. Agents of networks that block UDP stay out until it can be; tried again every 10 s. Ports below 1024 need CAP_NET_BIND_SERVICE or net.ipv4.ip_unprivileged_port_start")]
    public static partial void NoTls(ILogger logger, string endpoint, string reason);

    [LoggerMessage(115, LogLevel.Information, "the TLS certificate was renewed, valid until {Until:yyyy-MM-dd HH:mm} UTC")]
    public static partial void CertificateRenewed(ILogger logger, DateTime until);

    [LoggerMessage(116, LogLevel.Warning, "{Problem} The last one is shown until it can")]
    public static partial void CertificateKept(ILogger logger, string problem);

    [LoggerMessage(117, LogLevel.Warning, "{Agent} is two devices with one key: they take turns, the last at {Endpoint}. Each needs a configuration of its own")]
    public static partial void Contested(ILogger logger, string agent, string? endpoint);
}
