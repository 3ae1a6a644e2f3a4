namespace Keyhole.Control;

/// <summary>What the auth daemon of a resource's host has shown.</summary>
/// <param name="Connector">The one that met it last without an error.</param>
/// <param name="ContactAt">When a connector told of it.</param>
internal sealed record SshHost(int Resource, int Connector, DateTimeOffset ContactAt)
{
    /// <summary>Public keys of its SSH server; empty until it was met.</summary>
    public ValueList<string> HostKeys { get; init; } = [];

    /// <summary>The CA's keys that are in force there.</summary>
    public ValueList<string> Trusted { get; init; } = [];

    /// <summary>Of an external daemon.</summary>
    public string? Pin { get; init; }

    /// <summary>Why nobody can be let in now; null where everything is good.</summary>
    public string? Error { get; init; }

    /// <summary>One per host key, each as in a "-cert.pub" file.</summary>
    public ValueList<string> Certificates { get; init; } = [];

    /// <summary>The first end of a certificate.</summary>
    public DateTimeOffset? CertificatesEnd { get; init; }

    /// <summary>The operator said that it is another machine now, or that what it shows next is right.</summary>
    public bool TakesNewKeys { get; init; }

    /// <summary>Keys that it showed in the place of its own, and that were not taken.</summary>
    public ValueList<string> OfferedKeys { get; init; } = [];

    public string? OfferedPin { get; init; }

    /// <summary>The pin by which connectors know the daemon.</summary>
    public string? PinToShow => TakesNewKeys ? null : Pin;
}
