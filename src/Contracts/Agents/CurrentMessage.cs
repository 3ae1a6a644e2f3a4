namespace Keyhole.Contracts;

/// <summary>The answer to a hello whose revision is the newest: the table that the agent holds stays valid.</summary>
public sealed record CurrentMessage(long Revision) : ControlMessage;
