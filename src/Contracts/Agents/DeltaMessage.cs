namespace Keyhole.Contracts;

/// <summary>One step onwards. An agent that is not at its <see cref="TableDelta.FromRevision"/> answers with a hello of revision 0.</summary>
public sealed record DeltaMessage(TableDelta Delta) : ControlMessage;
