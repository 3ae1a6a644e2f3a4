namespace Keyhole.Control;

/// <summary>The browser's answer to a passkey ceremony.</summary>
/// <param name="Name">How the user calls a new passkey.</param>
internal sealed record PasskeyBody(string Ticket, System.Text.Json.Nodes.JsonObject Credential, string? Name = null);
