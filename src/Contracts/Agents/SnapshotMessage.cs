namespace Keyhole.Contracts;

/// <summary>The whole table; it replaces whatever the agent held.</summary>
/// <param name="Agent">The identifier of the agent's own row: <see cref="RelayRow.Id"/> for a relay, else <see cref="PeerRow.Id"/>.</param>
public sealed record SnapshotMessage(int Agent, Table Table) : ControlMessage;
