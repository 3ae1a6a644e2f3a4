namespace Keyhole.Control;

/// <param name="PublicKey">As the relay told it; null until it connected once.</param>
/// <param name="Link">What Control knows of the relay's connection.</param>
internal sealed record RelayView(
    string Name,
    IReadOnlyList<string> Endpoints,
    IReadOnlyList<string>? TlsEndpoints,
    bool Gateway,
    IReadOnlyList<string>? DnsForward,
    string? PublicKey,
    IReadOnlyList<CredentialView> Credentials,
    AgentStatus Link);
