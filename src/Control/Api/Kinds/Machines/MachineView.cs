namespace Keyhole.Control;

/// <param name="PublicKey">As it was set; null where the machine tells its own.</param>
/// <param name="ReportedKey">As the machine told it; null until it connected once.</param>
/// <param name="Addresses">In the overlay.</param>
/// <param name="Approved">False: it provisioned itself, and reaches nothing until it is approved.</param>
/// <param name="Link">What Control knows of the machine's connection; null for a stock node.</param>
internal sealed record MachineView(
    string Name,
    string? PublicKey,
    string? ReportedKey,
    IReadOnlyList<string> Addresses,
    bool Approved,
    IReadOnlyList<CredentialView> Credentials,
    AgentStatus? Link);
