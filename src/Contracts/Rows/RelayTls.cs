namespace Keyhole.Contracts;

/// <summary>How a relay is reached by TLS.</summary>
/// <param name="Endpoints">"203.0.113.10:443", "[2001:db8::1]:443" or "relay.example.com:443".</param>
/// <param name="Pin">SHA-256 of the SubjectPublicKeyInfo in base64 that alone is trusted; null: the host's authorities and the endpoint's name decide.</param>
public sealed record RelayTls(IReadOnlyList<string> Endpoints, string? Pin)
{
    public bool Equals(RelayTls? other) => other is not null && Pin == other.Pin && Endpoints.SequenceEqual(other.Endpoints);

    public override int GetHashCode() => HashCode.Combine(Pin, Endpoints.Count);
}
