namespace Keyhole.WireGuard;

/// <summary>Holds an index while the session that will have it is being derived.</summary>
internal sealed class ReservedIndex(Peer peer) : IndexedState(peer);
