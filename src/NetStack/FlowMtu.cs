namespace Keyhole.NetStack;

/// <summary>How long IP packets to a peer may be, in bytes.</summary>
/// <param name="Current">What the way that they take now carries; it rises and falls with the way.</param>
/// <param name="Largest">What it may come to carry, and what a SYN may therefore offer.</param>
public readonly record struct FlowMtu(int Current, int Largest)
{
    /// <summary>No bound but the stack's own.</summary>
    public static FlowMtu Unbounded { get; } = new(int.MaxValue, int.MaxValue);
}
