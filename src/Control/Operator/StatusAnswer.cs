namespace Keyhole.Control;

/// <summary>What Control itself has seen. It says nothing about tunnels: relays and connectors know those.</summary>
/// <param name="Organisation">Null until a network file was applied.</param>
internal sealed record StatusAnswer(
    string Version,
    DateTimeOffset StartedAt,
    string? Organisation,
    long Revision,
    IReadOnlyList<string> Overlay,
    IReadOnlyList<StatusOfAgent> Agents,
    IReadOnlyList<ExternalClientView> ExternalClients);
