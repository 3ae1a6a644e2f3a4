namespace Keyhole.NetStack;

/// <summary>Datagrams between one port of a peer and one port of a target.</summary>
public sealed class UdpFlow : DatagramFlow;
