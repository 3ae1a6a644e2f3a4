using Microsoft.Extensions.Logging;

namespace Keyhole.Connector;

/// <summary>Every line about hosts that people log in to by SSH.</summary>
internal static partial class SshLog
{
    [LoggerMessage(121, LogLevel.Information, "SSH host {Name} is ready (auth daemon {Daemon}): {Users} users may log in")]
    public static partial void Ready(ILogger logger, string name, string daemon, int users);

    [LoggerMessage(122, LogLevel.Warning, "SSH host {Name} cannot be used: {Error}")]
    public static partial void Failed(ILogger logger, string name, string error);

    [LoggerMessage(123, LogLevel.Information, "SSH host {Name} (auth daemon {Daemon}) is no longer served: {Outcome}")]
    public static partial void Withdrawn(ILogger logger, string name, string daemon, string outcome);

    [LoggerMessage(124, LogLevel.Information, "SSH host {Name}: account {Account} is ready for user {User}")]
    public static partial void Prepared(ILogger logger, string name, string account, int user);

    [LoggerMessage(125, LogLevel.Error, "SSH host {Name}: {Reason}")]
    public static partial void Unexpected(ILogger logger, string name, string reason);

    [LoggerMessage(126, LogLevel.Warning, "the pre-shared key stands on the command line, where every user of this machine can read it: use {Flag} FILE")]
    public static partial void KeyOnCommandLine(ILogger logger, string flag);

    [LoggerMessage(127, LogLevel.Warning, "the file {File} with the pre-shared key can be read by other users: run 'chmod 600 {File}'")]
    public static partial void KeyFileOpen(ILogger logger, string file);

    [LoggerMessage(128, LogLevel.Warning, "the file of SSH hosts that were met cannot be used: {Reason}")]
    public static partial void Forgotten(ILogger logger, string reason);
}
