namespace Keyhole.Control;

/// <param name="State">"connected", "draining", "not connected", "never connected" or "stock node": what Control has seen of it.</param>
/// <param name="Sessions">The clients of the question that it reports a live session with.</param>
internal sealed record ExplainedConnector(string Name, string State, IReadOnlyList<string> Sessions);
