using Keyhole.Packets;

namespace Keyhole.NetStack;

/// <summary>The same addresses and ports of two peers are two flows.</summary>
internal readonly record struct FlowIdentity(int Peer, FlowKey Key);
