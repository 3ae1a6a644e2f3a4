namespace Keyhole.Control;

internal sealed record CredentialRequest(AgentKind Kind, string Name);
