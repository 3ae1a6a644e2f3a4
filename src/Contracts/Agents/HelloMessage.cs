using System.Text.Json.Serialization;

namespace Keyhole.Contracts;

/// <summary>The first message of every connection, and again when an agent lost the thread and asks for a snapshot.</summary>
/// <param name="PublicKey">The agent's static WireGuard key, base64 of 32 bytes.</param>
/// <param name="Version">The program's version.</param>
/// <param name="Revision">Of the table that the agent holds; 0 when it holds none and wants a snapshot.</param>
/// <param name="Tls">Of a relay that takes agents by TLS; null for every other agent.</param>
public sealed record HelloMessage(
    AgentKind Kind,
    string PublicKey,
    string Version,
    long Revision,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] TlsOffer? Tls = null) : AgentMessage;
