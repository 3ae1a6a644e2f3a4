namespace Keyhole.Control;

/// <summary>A program that dials Control with an ID and a secret.</summary>
/// <param name="Id">Of the relay, or of the peer.</param>
internal readonly record struct Agent(AgentKind Kind, int Id);
