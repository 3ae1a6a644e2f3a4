namespace Keyhole.Control;

/// <summary>How people log in to a resource by SSH.</summary>
internal sealed record SshSettings
{
    public const int DefaultPort = 22123;

    public static SshSettings Default { get; } = new();

    /// <summary>True: the host runs its own auth daemon. False: the connector is the daemon of the host that it runs on.</summary>
    public bool External { get; init; }

    /// <summary>TCP, of an external daemon.</summary>
    public int Port { get; init; } = DefaultPort;

    /// <summary>SHA-256 of the SubjectPublicKeyInfo of an external daemon's certificate, in base64; null: the first one that proves the pre-shared key counts.</summary>
    public string? Pin { get; init; }

    public SshSudoMode Sudo { get; init; }

    /// <summary>Absolute paths with their arguments; empty unless <see cref="SshSudoMode.Commands"/>.</summary>
    public ValueList<string> SudoCommands { get; init; } = [];

    /// <summary>Supplementary groups on the host.</summary>
    public ValueList<string> Groups { get; init; } = [];

    /// <summary>Null: the host's default.</summary>
    public string? Shell { get; init; }

    /// <summary>The directory of home directories; null: the host's default.</summary>
    public string? Home { get; init; }

    /// <summary>As rows say it.</summary>
    public SshSudo SudoRule => new(Sudo, [.. SudoCommands]);
}
