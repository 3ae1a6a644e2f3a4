using System.Buffers.Binary;

namespace Keyhole.Packets;

/// <summary>What names a flow. For echo both ports are the identifier.</summary>
public readonly record struct FlowKey(byte Protocol, IpAddress Source, ushort SourcePort, IpAddress Destination, ushort DestinationPort)
{
    /// <summary>The key of the packets that go the other way.</summary>
    public FlowKey Reverse() => new(Protocol, Destination, DestinationPort, Source, SourcePort);

    /// <summary>A hash that nobody can steer who does not know the key: tables whose entries peers choose need one.</summary>
    public ulong Hash(ulong key)
    {
        ulong ports = ((ulong)Protocol << 32) | ((ulong)SourcePort << 16) | DestinationPort;
        ulong hash = Mix(Source.High ^ key, Source.Low ^ 0x9E37_79B9_7F4A_7C15);
        hash = Mix(Destination.High ^ hash, Destination.Low ^ 0xBF58_476D_1CE4_E5B9 ^ key);
        return Mix(ports ^ hash, key ^ 0x94D0_49BB_1331_11EB);
    }

    public bool Equals(FlowKey other) =>
        Protocol == other.Protocol
        && SourcePort == other.SourcePort
        && DestinationPort == other.DestinationPort
        && Source == other.Source
        && Destination == other.Destination;

    public override int GetHashCode() => (int)Hash(0);

    public override string ToString() =>
        $"{Protocol} {new IpEndpoint(Source, SourcePort)} > {new IpEndpoint(Destination, DestinationPort)}";

    /// <summary>
    /// Reads ports out of a transport header: whole TCP and UDP headers, echo messages. Shorter ones are how filters are tricked (RFC 1858).
    /// </summary>
    internal static bool TryReadPorts(byte protocol, ReadOnlySpan<byte> transport, out ushort source, out ushort destination)
    {
        int needed = protocol switch
        {
            IpProtocol.Tcp => TcpHeader.MinimumLength,
            IpProtocol.Udp => UdpHeader.Length,
            IpProtocol.Icmp or IpProtocol.Icmpv6 => IcmpMessage.HeaderLength,
            _ => int.MaxValue,
        };
        source = destination = 0;
        return transport.Length >= needed && ReadPorts(protocol, transport, out source, out destination);
    }

    /// <summary>As <see cref="TryReadPorts"/> for a quoted packet, of which eight bytes are enough (RFC 792).</summary>
    internal static bool TryReadQuotedPorts(byte protocol, ReadOnlySpan<byte> transport, out ushort source, out ushort destination)
    {
        source = destination = 0;
        return transport.Length >= 8 && ReadPorts(protocol, transport, out source, out destination);
    }

    private static bool ReadPorts(byte protocol, ReadOnlySpan<byte> transport, out ushort source, out ushort destination)
    {
        source = destination = 0;
        switch (protocol)
        {
            case IpProtocol.Tcp or IpProtocol.Udp:
                source = BinaryPrimitives.ReadUInt16BigEndian(transport);
                destination = BinaryPrimitives.ReadUInt16BigEndian(transport[2..]);
                return true;
            case IpProtocol.Icmp when transport[0] is IcmpType.EchoRequest or IcmpType.EchoReply:
            case IpProtocol.Icmpv6 when transport[0] is Icmpv6Type.EchoRequest or Icmpv6Type.EchoReply:
                source = destination = BinaryPrimitives.ReadUInt16BigEndian(transport[4..]);
                return true;
            default:
                return false;
        }
    }

    private static ulong Mix(ulong left, ulong right)
    {
        ulong high = Math.BigMul(left, right, out ulong low);
        return high ^ low;
    }
}
