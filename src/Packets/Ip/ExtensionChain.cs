using System.Buffers.Binary;

namespace Keyhole.Packets;

/// <summary>
/// What the walk along IPv6 extension headers found (RFC 8200 section 4). It stops at a fragment header of a real fragment:
/// what follows it belongs to the reassembled packet.
/// </summary>
internal readonly ref struct ExtensionChain
{
    /// <summary>RFC 8200 section 4.1 lists seven at most; nothing legal is longer.</summary>
    public const int MaximumHeaders = 8;

    /// <summary>The protocol after the chain.</summary>
    public byte Protocol { get; private init; }

    /// <summary>Where it begins.</summary>
    public int End { get; private init; }

    public bool IsFragment { get; private init; }

    /// <summary>In bytes.</summary>
    public int FragmentOffset { get; private init; }

    public bool MoreFragments { get; private init; }

    public uint Identification { get; private init; }

    /// <param name="packet">From the fixed header to the end of the payload.</param>
    public static bool TryWalk(ReadOnlySpan<byte> packet, byte nextHeader, out ExtensionChain chain)
    {
        chain = default;
        int at = Ipv6Header.Length;
        uint identification = 0;
        for (int headers = 0; ; headers++)
        {
            int length;
            switch (nextHeader)
            {
                // RFC 8200 section 4.1: Hop-by-Hop comes right after the fixed header or not at all.
                case IpProtocol.HopByHop when headers > 0:
                    return false;
                case IpProtocol.HopByHop or IpProtocol.DestinationOptions or IpProtocol.Routing:
                    if (packet.Length - at < 8)
                        return false;

                    // RFC 8200 section 4.4, RFC 5095: a route that is not used up belongs to a router, and we are none.
                    if (nextHeader == IpProtocol.Routing && packet[at + 3] != 0)
                        return false;
                    length = (packet[at + 1] + 1) * 8;
                    break;
                case IpProtocol.AuthenticationHeader:
                    if (packet.Length - at < 12)
                        return false;
                    length = (packet[at + 1] + 2) * 4;
                    if (length < 12)
                        return false;
                    break;
                case IpProtocol.Fragment:
                    if (packet.Length - at < 8)
                        return false;
                    identification = BinaryPrimitives.ReadUInt32BigEndian(packet[(at + 4)..]);
                    int word = BinaryPrimitives.ReadUInt16BigEndian(packet[(at + 2)..]);

                    // An atomic fragment (RFC 6946) is a whole packet.
                    if ((word & 0xFFF9) != 0)
                    {
                        chain = new ExtensionChain
                        {
                            Protocol = packet[at],
                            End = at + 8,
                            IsFragment = true,
                            FragmentOffset = word & 0xFFF8,
                            MoreFragments = (word & 1) != 0,
                            Identification = identification,
                        };
                        return true;
                    }

                    length = 8;
                    break;
                default:
                    chain = new ExtensionChain { Protocol = nextHeader, End = at, Identification = identification };
                    return true;
            }

            if (length > packet.Length - at || headers == MaximumHeaders)
                return false;
            nextHeader = packet[at];
            at += length;
        }
    }
}
