namespace Keyhole.Edge;

/// <summary>Something else than the relay answers at its endpoint.</summary>
public sealed class RelayDialException(RelayDialFault fault, string message, Exception? inner = null) : IOException(message, inner)
{
    public RelayDialFault Fault { get; } = fault;
}
