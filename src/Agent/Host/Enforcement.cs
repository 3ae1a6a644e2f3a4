namespace Keyhole.Agent;

/// <summary>The data path follows a table.</summary>
/// <param name="FlowsCut">Live flows that lost their grant and were ended.</param>
public readonly record struct Enforcement(int FlowsCut);
