namespace Keyhole.Control;

/// <param name="PublicKey">As the relay reported it.</param>
/// <param name="Tls">As the relay reported it; null when it takes nobody by TLS.</param>
internal sealed record Relay(int Id, string Name, ValueList<string> Endpoints, bool Gateway, string? PublicKey = null, TlsOffer? Tls = null) : INamed
{
    /// <summary>Where it is reached by TLS; when there are none, at the hosts of <see cref="Endpoints"/>.</summary>
    public ValueList<string> TlsEndpoints { get; init; } = [];

    /// <summary>Who is asked for names that a stock app was not granted: "192.0.2.1:53". When there are none, those queries are refused.</summary>
    public ValueList<string> DnsForward { get; init; } = [];
}
