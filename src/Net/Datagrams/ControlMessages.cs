using System.Runtime.CompilerServices;
using Keyhole.Packets;

namespace Keyhole.Net;

/// <summary>The control data of one message (cmsg(3)): segment size, traffic class, local address, fragments.</summary>
internal static unsafe class ControlMessages
{
    /// <summary>Most that <see cref="Write"/> writes: three messages.</summary>
    internal const int MaximumLength = 24 + 24 + 40;

    private const int HeaderLength = 16;
    private const int TrafficClassLength = HeaderLength + sizeof(int);
    private const int SegmentLength = HeaderLength + sizeof(ushort);
    private const int PacketInfoLength = HeaderLength + 20;

    /// <summary>Reads what the kernel attached; what it did not attach stays as it is.</summary>
    internal static void Read(in msghdr header, ref ReceivedMessage message)
    {
        byte* at = (byte*)header.msg_control;
        byte* end = at + header.msg_controllen;
        while (at + HeaderLength <= end)
        {
            ref var control = ref *(cmsghdr*)at;
            if (control.cmsg_len < HeaderLength)
                return;
            byte* value = at + HeaderLength;
            switch (control.cmsg_level, control.cmsg_type)
            {
                case (Libc.SOL_UDP, Libc.UDP_GRO):
                    message.SegmentSize = *(int*)value;
                    break;
                case (Libc.SOL_IP, Libc.IP_TOS):
                    message.TrafficClass = *value;
                    break;
                case (Libc.SOL_IPV6, Libc.IPV6_TCLASS):
                    message.TrafficClass = (byte)*(int*)value;
                    break;
                case (Libc.SOL_IP, Libc.IP_RECVFRAGSIZE) or (Libc.SOL_IPV6, Libc.IPV6_RECVFRAGSIZE):
                    message.IsFragmented = true;
                    break;
                case (Libc.SOL_IPV6, Libc.IPV6_PKTINFO):
                    message.Local = IpAddress.FromBytes(new ReadOnlySpan<byte>(value, 16));
                    break;
            }

            at += Align((int)control.cmsg_len);
        }
    }

    /// <summary>Writes what a message needs and returns the length. A single datagram never carries a segment size: the kernel may refuse it.</summary>
    internal static int Write(byte* at, in OutgoingMessage message, bool segmented)
    {
        int length = 0;
        if (segmented)
        {
            byte* value = Begin(at + length, SegmentLength, Libc.SOL_UDP, Libc.UDP_SEGMENT);
            *(ushort*)value = (ushort)message.SegmentSize;
            length += Align(SegmentLength);
        }

        if (message.TrafficClass != 0)
        {
            // IPV6_TCLASS is ignored without a word when the destination is a mapped address.
            byte* value = message.Destination.Address.IsIpv4
                ? Begin(at + length, TrafficClassLength, Libc.SOL_IP, Libc.IP_TOS)
                : Begin(at + length, TrafficClassLength, Libc.SOL_IPV6, Libc.IPV6_TCLASS);
            *(int*)value = message.TrafficClass;
            length += Align(TrafficClassLength);
        }

        if (message.Source != IpAddress.Ipv6Any)
        {
            byte* value = Begin(at + length, PacketInfoLength, Libc.SOL_IPV6, Libc.IPV6_PKTINFO);
            message.Source.Write16To(new Span<byte>(value, 16));
            ((in6_pktinfo*)value)->ipi6_ifindex = 0;
            length += Align(PacketInfoLength);
        }

        return length;
    }

    private static byte* Begin(byte* at, int length, int level, int type)
    {
        *(cmsghdr*)at = new cmsghdr { cmsg_len = (nuint)length, cmsg_level = level, cmsg_type = type };
        return at + HeaderLength;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Align(int length) => (length + 7) & ~7;
}
