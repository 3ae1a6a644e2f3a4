namespace Keyhole.NetStack.Tests.Simulation;

/// <summary>A promise that a simulated world has broken.</summary>
internal sealed class SimulationException(string message) : Exception(message);
