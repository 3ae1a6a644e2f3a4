using Keyhole.Contracts;

namespace Keyhole.Tunnel;

/// <summary>A row that may register, with what a client of it was granted.</summary>
internal sealed record PreparedPeer(PeerRow Row, GatewayRoutes Routes);
