namespace Keyhole.NetStack;

/// <summary>The echo requests of one identifier from a peer to a target.</summary>
public sealed class EchoFlow : DatagramFlow
{
    /// <summary>As the peer chose it. The target sees another one, which the host's ping socket puts in.</summary>
    public ushort Identifier => Key.SourcePort;
}
