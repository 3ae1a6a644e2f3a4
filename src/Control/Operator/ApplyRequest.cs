namespace Keyhole.Control;

/// <param name="Text">The network file.</param>
/// <param name="FromRevision">Refuse when the network is not at this revision any more; null for whatever it is at.</param>
internal sealed record ApplyRequest(string Text, bool PlanOnly, long? FromRevision);
