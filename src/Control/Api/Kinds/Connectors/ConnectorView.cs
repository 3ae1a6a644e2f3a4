namespace Keyhole.Control;

/// <param name="PublicKey">As it was set; null where the connector tells its own.</param>
/// <param name="ReportedKey">As the connector told it; null until it connected once.</param>
/// <param name="Approved">False: it provisioned itself, and stands in no table until it is approved.</param>
/// <param name="Draining">The connector said that it takes no new flows.</param>
/// <param name="Link">What Control knows of the connector's connection; null for a stock node.</param>
internal sealed record ConnectorView(
    string Name,
    string Site,
    string? PublicKey,
    string? ReportedKey,
    bool Approved,
    bool Draining,
    IReadOnlyList<CredentialView> Credentials,
    AgentStatus? Link);
