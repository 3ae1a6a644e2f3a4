using Keyhole.Packets;

namespace Keyhole.NetStack;

/// <summary>
/// Fragments of equal key belong together (RFC 791 section 2.3; RFC 8200 section 4.5, where the protocol does not count and is 0 here).
/// </summary>
internal readonly record struct FragmentKey(int Peer, IpAddress Source, IpAddress Destination, byte Protocol, uint Identification);
