using Microsoft.Extensions.Logging;

namespace Keyhole.SshHost;

/// <summary>Every line that an auth daemon can say.</summary>
internal static partial class SshHostLog
{
    [LoggerMessage(800, LogLevel.Information, "account {Name} (uid {Uid}) made for {Identity} of {Authority}")]
    public static partial void Made(ILogger logger, string name, long uid, string identity, string authority);

    [LoggerMessage(801, LogLevel.Information, "account {Name} ready for {Identity} through resource {Resource}")]
    public static partial void Ready(ILogger logger, string name, string identity, int resource);

    [LoggerMessage(802, LogLevel.Information, "account {Name} of {Identity} locked: {Reason}")]
    public static partial void Locked(ILogger logger, string name, string identity, string reason);

    [LoggerMessage(803, LogLevel.Warning, "account {Name} is not the one that was made here any more: it is left alone")]
    public static partial void Foreign(ILogger logger, string name);

    [LoggerMessage(804, LogLevel.Information, "the SSH server trusts {Count} keys of {Organisation}")]
    public static partial void Trusted(ILogger logger, int count, string organisation);

    [LoggerMessage(805, LogLevel.Information, "host certificates changed: the SSH server reads its configuration again")]
    public static partial void Reloaded(ILogger logger);

    [LoggerMessage(806, LogLevel.Warning, "the SSH server could not be told to read its configuration again: {Reason}")]
    public static partial void NotReloaded(ILogger logger, string reason);

    [LoggerMessage(807, LogLevel.Warning, "the host could not be looked after: {Reason}")]
    public static partial void NotSwept(ILogger logger, string reason);

    [LoggerMessage(808, LogLevel.Information, "auth daemon on https://{Endpoint}, pin {Pin}")]
    public static partial void Listening(ILogger logger, string endpoint, string pin);

    [LoggerMessage(809, LogLevel.Warning, "wrong pre-shared key from {Source}: the connector there was given another one, or is none")]
    public static partial void WrongKey(ILogger logger, string source);

    [LoggerMessage(810, LogLevel.Warning, "--pre-shared-key stands on the command line, where every user of this host reads it: use --pre-shared-key-file")]
    public static partial void KeyOnCommandLine(ILogger logger);

    [LoggerMessage(812, LogLevel.Warning, "request failed: {Reason}")]
    public static partial void Failed(ILogger logger, string reason);

    [LoggerMessage(813, LogLevel.Information, "account {Name} of {Identity}: groups and sudo are what the resource's settings say now")]
    public static partial void RightsChanged(ILogger logger, string name, string identity);

    [LoggerMessage(814, LogLevel.Warning, "account {Name} was made by an auth daemon whose state is not here: it is locked. A state that was lost or restored leaves such accounts")]
    public static partial void Stray(ILogger logger, string name);

    [LoggerMessage(815, LogLevel.Warning, "the sudo rules of this host give rights to '{Name}', which was nobody's name: it is not taken")]
    public static partial void Meaningful(ILogger logger, string name);

    [LoggerMessage(816, LogLevel.Error, "request failed in a way that nobody thought of: {Reason}")]
    public static partial void Unexpected(ILogger logger, string reason);
}
