namespace Keyhole.Control;

/// <summary>A login session that is over, and where its devices are still to be taken out.</summary>
/// <param name="Organisations">The identifiers of those in which devices were enrolled with it.</param>
internal readonly record struct EndedSession(long Session, IReadOnlySet<int> Organisations);
