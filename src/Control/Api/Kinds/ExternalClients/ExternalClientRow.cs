namespace Keyhole.Control;

/// <summary>An external client as it was set; what its sessions did is asked for on its own.</summary>
/// <param name="PublicKey">As it was set; null where a key is made for it.</param>
/// <param name="GeneratedKey">The public half of the key that was made for it.</param>
/// <param name="Enabled">False: it reaches nothing, and keeps its configuration for later.</param>
internal sealed record ExternalClientRow(
    string Name,
    string? PublicKey,
    string? GeneratedKey,
    IReadOnlyList<string> Addresses,
    IReadOnlyList<string>? Dns,
    string? Expires,
    bool Expired,
    bool Sealed,
    bool Enabled);
