namespace Keyhole.Control;

/// <summary>What one server tells the others about an agent that is, or was, connected to it.</summary>
/// <param name="Connected">False: its connection here is over.</param>
/// <param name="AckedRevision">The newest revision that its data path confirmed; 0 while none.</param>
/// <param name="Follows">The network's revision that it is known to follow, which may be newer than the table that it confirmed.</param>
/// <param name="FlowsCut">Live flows that it ended with its last confirmation.</param>
/// <param name="Path">Its last status; null where there was none, or it is too long to be passed on.</param>
internal sealed record SiblingAgent(
    int Organisation,
    AgentKind Kind,
    int Id,
    bool Connected,
    DateTimeOffset ConnectedAt,
    string? Version,
    long AckedRevision,
    DateTimeOffset? AckedAt,
    long Follows,
    int FlowsCut,
    StatusMessage? Path)
{
    [System.Text.Json.Serialization.JsonIgnore]
    public Agent Agent => new(Kind, Id);
}
