namespace Keyhole.Control;

/// <param name="Agent">"connector office-1".</param>
/// <param name="At">When the confirmation arrived at Control.</param>
/// <param name="Milliseconds">From the moment the change was stored to the confirmation.</param>
/// <param name="FlowsCut">Live flows that the agent ended for it.</param>
internal sealed record EnforcedBy(string Agent, DateTimeOffset At, long Milliseconds, int FlowsCut);
