using Microsoft.Extensions.Logging;

namespace Keyhole.Agent;

/// <summary>Every line that the shared part of the agents can say.</summary>
internal static partial class AgentLog
{
    [LoggerMessage(1, LogLevel.Information, "{Program} {Version} started: ID {Id}, public key {PublicKey}, data in {Directory}")]
    public static partial void Started(ILogger logger, string program, string version, string id, string publicKey, string directory);

    [LoggerMessage(2, LogLevel.Information, "connected {Again}to Control at {Endpoint}")]
    private static partial void ConnectedCore(ILogger logger, string again, string endpoint);

    public static void Connected(ILogger logger, string endpoint, string again) => ConnectedCore(logger, again.Length == 0 ? "" : again + " ", endpoint);

    [LoggerMessage(3, LogLevel.Warning, "Control at {Endpoint} is away ({Reason}); working on with table revision {Revision} and trying again")]
    public static partial void Away(ILogger logger, string endpoint, string reason, long revision);

    [LoggerMessage(4, LogLevel.Debug, "Control is still away: {Reason}")]
    public static partial void StillAway(ILogger logger, string reason);

    [LoggerMessage(5, LogLevel.Error, "Control refuses this agent: {Reason}; trying again every 15 to 30 seconds")]
    public static partial void Refused(ILogger logger, string reason);

    [LoggerMessage(6, LogLevel.Information, "a change does not follow revision {Revision}: asking for the whole table")]
    public static partial void Resync(ILogger logger, long revision);

    [LoggerMessage(7, LogLevel.Information, "working with the last table on disk: revision {Revision}, Control last heard {Minutes:F0} minutes ago")]
    public static partial void CacheUsed(ILogger logger, long revision, double minutes);

    [LoggerMessage(8, LogLevel.Warning, "the last table on disk (revision {Revision}) is {Hours:F0} hours old: not used until Control is heard")]
    public static partial void CacheExpired(ILogger logger, long revision, double hours);

    [LoggerMessage(9, LogLevel.Warning, "table revision {Revision} expired: Control was not heard for 24 hours; nobody has access, {Flows} flows cut")]
    public static partial void TableExpired(ILogger logger, long revision, int flows);

    [LoggerMessage(10, LogLevel.Warning, "the table could not be kept on disk: {Reason}")]
    public static partial void CacheNotSaved(ILogger logger, string reason);

    [LoggerMessage(11, LogLevel.Information, "stopping: finishing what runs; a second signal stops at once")]
    public static partial void Draining(ILogger logger);

    [LoggerMessage(12, LogLevel.Information, "stopped")]
    public static partial void Stopped(ILogger logger);

    [LoggerMessage(13, LogLevel.Information, "metrics on http://{Endpoint}/metrics")]
    public static partial void Metrics(ILogger logger, string endpoint);

    [LoggerMessage(14, LogLevel.Critical, "the data path ended: {Reason}")]
    public static partial void BodyFailed(ILogger logger, string reason);

    [LoggerMessage(15, LogLevel.Warning, "the secret file {File} can be read by other users: run 'chmod 600 {File}'")]
    public static partial void SecretFileOpen(ILogger logger, string file);

    [LoggerMessage(16, LogLevel.Error, "an account on the host of resource {Resource} could not be prepared: {Reason}")]
    public static partial void SshOrderFailed(ILogger logger, int resource, string reason);

    [LoggerMessage(40, LogLevel.Information, "Control made this agent known as {Name} of {Organisation}{Approval}")]
    public static partial void Provisioned(ILogger logger, string name, string organisation, string approval);

    [LoggerMessage(41, LogLevel.Warning, "the provisioning key cannot be traded yet ({Reason}); trying again")]
    public static partial void NotProvisioned(ILogger logger, string reason);
}
