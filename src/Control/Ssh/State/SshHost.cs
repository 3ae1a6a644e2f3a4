namespace Keyhole.Control;

/// <summary>What the auth daemon of a resource's host has shown.</summary>
/// <param name="Generation">Another one whenever it may be another machine: what was certified for an earlier one proves nothing any more.</param>
/// <param name="Connector">The one that met it last without an error.</param>
/// <param name="ContactAt">When a connector told of it.</param>
internal sealed record SshHost(int Resource, long Generation, int Connector, DateTimeOffset ContactAt)
{
    /// <summary>Public keys of its SSH server. Where there are none, those that it shows next are taken: it was not met yet, or is another machine now.</summary>
    public ValueList<string> HostKeys { get; init; } = [];

    /// <summary>The CA's keys that are in force there.</summary>
    public ValueList<string> Trusted { get; init; } = [];

    /// <summary>Of an external daemon.</summary>
    public string? Pin { get; init; }

    /// <summary>By which principals name the host; null until somebody has logged in.</summary>
    public string? Token { get; init; }

    /// <summary>Why nobody can be let in now; null where everything is good.</summary>
    public string? Error { get; init; }

    /// <summary>One per host key, each as in a "-cert.pub" file.</summary>
    public ValueList<string> Certificates { get; init; } = [];

    /// <summary>The first end of a certificate.</summary>
    public DateTimeOffset? CertificatesEnd { get; init; }

    /// <summary>What it showed in the place of its own keys, or beside them, and was not taken.</summary>
    public SshOffer? Offer { get; init; }

    /// <summary>Another machine, of which nothing is known but where it was.</summary>
    public SshHost Anew(long generation) => new(Resource, generation, Connector, ContactAt) { Error = Error };
}
