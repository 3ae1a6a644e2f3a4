namespace Keyhole.Control;

/// <summary>An external client as it was set, and what the relays' data paths have shown of it.</summary>
/// <param name="Dns">Servers of its own; empty: the relay's name server.</param>
/// <param name="PublicKey">Null while it has none.</param>
/// <param name="KeySource">"none", "declared" or "generated".</param>
/// <param name="Config">Null while none was shown.</param>
/// <param name="Session">Null while no relay has told of one since Control started.</param>
internal sealed record ExternalClientView(
    string Name,
    IReadOnlyList<string> Addresses,
    IReadOnlyList<string> Dns,
    string? PublicKey,
    string KeySource,
    bool Sealed,
    bool Enabled,
    bool Expired,
    DateTimeOffset? Expires,
    ConfigView? Config,
    ClientSessionView? Session);
