namespace Keyhole.Contracts;

/// <summary>Control takes nothing from this agent and closes the connection.</summary>
/// <param name="Text">One line for the operator, without secrets.</param>
public sealed record RefusedMessage(RefusalReason Reason, string Text) : ControlMessage;
