namespace Keyhole.Control;

/// <summary>Everything that Control logs. Names come from the network file or are shortened and cleaned; secrets never come here.</summary>
internal static partial class ControlLog
{
    [LoggerMessage(1, LogLevel.Information, "Serving {Directory} on {Address}; {Engine}; {Count} organisations")]
    public static partial void Serving(this ILogger logger, string directory, string address, string engine, int count);

    [LoggerMessage(2, LogLevel.Warning, "Plain HTTP on {Address}: agents' secrets are readable on the way unless a proxy in front speaks HTTPS")]
    public static partial void PlainHttp(this ILogger logger, string address);

    [LoggerMessage(3, LogLevel.Information, "Revision {Revision}: {Added} added, {Changed} changed, {Removed} removed")]
    public static partial void Applied(this ILogger logger, long revision, int added, int changed, int removed);

    [LoggerMessage(4, LogLevel.Information, "Revision {Revision} revokes {What}")]
    public static partial void Revoking(this ILogger logger, long revision, string what);

    [LoggerMessage(5, LogLevel.Information, "Revision {Revision}: {Agent} enforced the revocation of {What} after {Milliseconds} ms, {Flows} flows cut")]
    public static partial void Enforced(this ILogger logger, long revision, string agent, string what, long milliseconds, int flows);

    [LoggerMessage(6, LogLevel.Information, "Revision {Revision}: the revocation of {What} is enforced everywhere after {Milliseconds} ms")]
    public static partial void EnforcedEverywhere(this ILogger logger, long revision, string what, long milliseconds);

    [LoggerMessage(7, LogLevel.Warning, "Revision {Revision}: {Agents} did not confirm the revocation of {What} within {Milliseconds} ms")]
    public static partial void NotEnforced(this ILogger logger, long revision, string agents, string what, long milliseconds);

    [LoggerMessage(8, LogLevel.Information, "{Agent} connected from {Address}, version {Version}, at revision {Revision}")]
    public static partial void Connected(this ILogger logger, string agent, string address, string version, long revision);

    [LoggerMessage(9, LogLevel.Information, "{Agent} disconnected: {Reason}")]
    public static partial void Disconnected(this ILogger logger, string agent, string reason);

    [LoggerMessage(10, LogLevel.Information, "{Agent} told its first public key, {Key}")]
    public static partial void KeyBound(this ILogger logger, string agent, string key);

    [LoggerMessage(11, LogLevel.Warning, "{Agent} has the new public key {Key} in place of {Old}")]
    public static partial void KeyReplaced(this ILogger logger, string agent, string key, string old);

    [LoggerMessage(12, LogLevel.Warning, "{Address} was refused: wrong ID or secret (further refusals within a minute are not logged)")]
    public static partial void WrongSecret(this ILogger logger, string address);

    [LoggerMessage(13, LogLevel.Information, "The secret of {Agent} was made; an older one is refused from now on")]
    public static partial void SecretMade(this ILogger logger, string agent);

    [LoggerMessage(14, LogLevel.Information, "External client {Name} was given new keys")]
    public static partial void KeysMade(this ILogger logger, string name);

    [LoggerMessage(15, LogLevel.Information, "Revision {Revision}: {What} expired")]
    public static partial void Expired(this ILogger logger, long revision, string what);

    [LoggerMessage(16, LogLevel.Information, "A command was refused: {Reason}")]
    public static partial void Refused(this ILogger logger, string reason);

    [LoggerMessage(18, LogLevel.Information, "Another server uses the same database: {Server}")]
    public static partial void SiblingFound(this ILogger logger, string server);

    [LoggerMessage(19, LogLevel.Warning, "The server {Server} on the same database is gone; its agents dial another one")]
    public static partial void SiblingGone(this ILogger logger, string server);

    [LoggerMessage(20, LogLevel.Warning, "The network may be behind the database: {Reason}")]
    public static partial void NotRefreshed(this ILogger logger, string reason);

    [LoggerMessage(34, LogLevel.Error, "A listener of the database failed")]
    public static partial void ListenerFailed(this ILogger logger, Exception error);

    [LoggerMessage(21, LogLevel.Warning, "Nobody can log in to {Host} by SSH, says {Connector}: {Error}")]
    public static partial void SshHostUnusable(this ILogger logger, string host, string connector, string error);

    [LoggerMessage(22, LogLevel.Information, "Signed the SSH certificate {Serial} for {User} at {Host}")]
    public static partial void SshSigned(this ILogger logger, long serial, string user, string host);

    [LoggerMessage(17, LogLevel.Information, "Stopping")]
    public static partial void Stopping(this ILogger logger);

    [LoggerMessage(32, LogLevel.Information, "The certificate {File} was read again; it ends at {End:O}")]
    public static partial void CertificateRead(this ILogger logger, string file, DateTime end);

    [LoggerMessage(33, LogLevel.Error, "A changed certificate was not taken, the one before serves on: {Reason}")]
    public static partial void CertificateRefused(this ILogger logger, string reason);

    [LoggerMessage(30, LogLevel.Error, "{Method} {Route} failed")]
    public static partial void Failed(this ILogger logger, string method, string route, Exception error);

    [LoggerMessage(31, LogLevel.Error, "The route {Route} does not declare who may use it and was refused")]
    public static partial void Undeclared(this ILogger logger, string route);
}
