namespace Keyhole.Control;

/// <summary>What Control knows of an agent. Null means: not known since Control started.</summary>
/// <param name="UpToDate">The data path confirmed the newest table that concerns it.</param>
internal sealed record AgentStatus(
    bool Connected,
    DateTimeOffset? ConnectedAt,
    string? Version,
    long? AckedRevision,
    DateTimeOffset? AckedAt,
    bool UpToDate,
    StatusMessage? Path);
