using System.Text.Json.Serialization;

namespace Keyhole.Contracts;

/// <summary>A relay: where agents register.</summary>
/// <param name="PublicKey">Base64 of 32 bytes; null until the relay has connected once.</param>
/// <param name="Endpoints">"203.0.113.10:21820", "[2001:db8::1]:21820" or "relay.example.com:21820".</param>
/// <param name="Gateway">Whether stock WireGuard apps may enter here.</param>
/// <param name="Tls">How it is reached where UDP is blocked; null when it is not.</param>
/// <param name="Names">The name server that it is for stock apps; null to everybody but the relay itself.</param>
public sealed record RelayRow(
    int Id,
    string Name,
    string? PublicKey,
    IReadOnlyList<string> Endpoints,
    bool Gateway,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] RelayTls? Tls = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] RelayNames? Names = null) : IRow
{
    int IRow.Key => Id;

    public bool Equals(RelayRow? other) =>
        ReferenceEquals(this, other) || (other is not null && Id == other.Id && Name == other.Name && PublicKey == other.PublicKey && Gateway == other.Gateway
        && Endpoints.SequenceEqual(other.Endpoints) && Tls == other.Tls && Names == other.Names);

    public override int GetHashCode() => HashCode.Combine(Id, Name);
}
