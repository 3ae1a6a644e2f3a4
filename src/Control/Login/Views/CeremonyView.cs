namespace Keyhole.Control;

/// <summary>What a browser needs for a passkey ceremony.</summary>
internal sealed record CeremonyView(System.Text.Json.Nodes.JsonNode Options, string Ticket);
