using Keyhole.Packets;

namespace Keyhole.Fuzz;

/// <summary>Touches everything that the view of a transport message offers.</summary>
internal static class TransportViews
{
    internal static long Walk(ReadOnlySpan<byte> payload, byte protocol)
    {
        var outcome = new Outcome();
        switch (protocol)
        {
            case IpProtocol.Udp when UdpView.TryParse(payload, out var udp):
                Promise.Holds(udp.Length >= UdpHeader.Length && udp.Length <= payload.Length);
                Promise.Holds(udp.Payload.Length == udp.Length - UdpHeader.Length);
                Sum(udp.Payload);
                outcome.Add(udp.IsChecksumValid(SamplePackets.Client4, SamplePackets.Target4));
                outcome.Add(udp.SourcePort == 0 || udp.DestinationPort == 0);
                break;
            case IpProtocol.Tcp when TcpView.TryParse(payload, out var tcp):
                Promise.Holds(tcp.HeaderLength is >= TcpHeader.MinimumLength and <= TcpHeader.MaximumLength && tcp.HeaderLength <= payload.Length);
                Promise.Holds(tcp.Payload.Length == payload.Length - tcp.HeaderLength);
                Sum(tcp.Payload);
                outcome.Add((long)tcp.Flags);
                outcome.Add(tcp.IsChecksumValid(SamplePackets.Client4, SamplePackets.Target4));
                outcome.Add(Options(tcp));
                break;
            case IpProtocol.Icmp when IcmpView.TryParse(payload, out var icmp):
                Promise.Holds(icmp.Payload.Length == payload.Length - IcmpMessage.HeaderLength);
                Promise.Holds(!(icmp.IsEchoRequest && icmp.IsEchoReply) && !(icmp.IsError && icmp.IsEchoRequest));
                outcome.Add(icmp.IsChecksumValid);
                outcome.Add(icmp.Type);
                break;
            case IpProtocol.Icmpv6 when Icmpv6View.TryParse(payload, out var icmpv6):
                Promise.Holds(icmpv6.Payload.Length == payload.Length - IcmpMessage.HeaderLength);
                outcome.Add(icmpv6.IsChecksumValid(SamplePackets.Client6, SamplePackets.Target6));
                outcome.Add(icmpv6.Type);
                break;
            default:
                outcome.Add(-1);
                break;
        }

        return (long)outcome.Value;
    }

    private static long Options(in TcpView tcp)
    {
        var outcome = new Outcome();
        if (!tcp.TryGetOptions(out var options))
            return -1;
        outcome.Add(options.MaximumSegmentSize.HasValue);
        outcome.Add(options.WindowScale ?? -1);
        outcome.Add(options.SackPermitted);
        outcome.Add(options.HasTimestamps);
        outcome.Add(options.SackBlockCount);
        for (int i = 0; i < options.SackBlockCount; i++)
            _ = options.GetSackBlock(i);
        // What we read we can write, and read again as the same.
        if (options.Length <= TcpHeader.MaximumLength - TcpHeader.MinimumLength)
        {
            Span<byte> written = stackalloc byte[TcpHeader.MaximumLength - TcpHeader.MinimumLength];
            int length = options.Write(written);
            Promise.Holds(length == options.Length);
            Promise.Holds(TcpOptions.TryParse(written[..length], out var again));
            Promise.Holds(again.MaximumSegmentSize == options.MaximumSegmentSize && again.WindowScale == options.WindowScale);
            Promise.Holds(again.SackPermitted == options.SackPermitted && again.SackBlockCount == options.SackBlockCount);
            Promise.Holds(again.HasTimestamps == options.HasTimestamps && again.TimestampValue == options.TimestampValue);
        }

        return (long)outcome.Value;
    }

    private static void Sum(ReadOnlySpan<byte> bytes)
    {
        int sum = 0;
        foreach (byte value in bytes)
            sum += value;
        Promise.Holds(sum >= 0);
    }
}
