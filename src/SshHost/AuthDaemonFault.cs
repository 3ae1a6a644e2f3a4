namespace Keyhole.SshHost;

/// <summary>What kind of thing went wrong at an auth daemon.</summary>
public enum AuthDaemonFault
{
    /// <summary>It did not work; it may work later.</summary>
    Failed,

    /// <summary>The host was told something newer, or was not told yet what this needs.</summary>
    Conflict,

    /// <summary>Whoever asks does not speak for the organisation there.</summary>
    Forbidden,
}
