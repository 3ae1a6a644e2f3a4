namespace Keyhole.Control;

/// <param name="Agent">"connector office-1".</param>
/// <param name="Reason">"not connected" or "no answer yet".</param>
internal sealed record NotEnforcedBy(string Agent, string Reason);
