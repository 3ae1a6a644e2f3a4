using System.Net;

namespace Keyhole.Control;

/// <summary>What logging in logs. What people typed never comes here.</summary>
internal static partial class LoginLog
{
    [LoggerMessage(101, LogLevel.Warning, "No account exists yet: open {Url} and enter the token that {File} holds, within a day")]
    public static partial void SetupWaits(this ILogger logger, string url, string file);

    [LoggerMessage(102, LogLevel.Information, "{Account} logged in from {Address} by {How}")]
    public static partial void LoggedIn(this ILogger logger, string account, IPAddress? address, string how);

    [LoggerMessage(103, LogLevel.Warning, "Logins from {Address} have to wait {Seconds} s: too many failed")]
    public static partial void LoginWaits(this ILogger logger, IPAddress address, int seconds);

    [LoggerMessage(104, LogLevel.Warning, "A login by {Provider} was refused: {Reason}")]
    public static partial void ProviderRefused(this ILogger logger, string provider, string reason);
}
