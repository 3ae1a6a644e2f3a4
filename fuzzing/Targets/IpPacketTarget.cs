using Keyhole.Packets;

namespace Keyhole.Fuzz;

/// <summary>A packet from inside the tunnel, through every view that it may pass.</summary>
internal sealed class IpPacketTarget : IFuzzTarget
{
    private readonly byte[] _error = new byte[IcmpError.MaximumLength];

    public string Name => "ip-packet";

    public string Door => "an IP packet to IpView, the views of its payload, its flow, and the ICMP errors about it";

    public IEnumerable<(string Name, byte[] Input)> Seeds => SamplePackets.All;

    public void Repair(Span<byte> input) => SamplePackets.Repair(input);

    public ulong Run(Span<byte> input)
    {
        var outcome = new Outcome();
        outcome.Add(Ipv4View.TryParse(input, out var ipv4));
        outcome.Add(Ipv6View.TryParse(input, out var ipv6));
        if (!IpView.TryParse(input, out var packet))
            return outcome.Value;
        Promise.Holds(packet.Version == 4 ? ipv4.TotalLength == packet.TotalLength : ipv6.TotalLength == packet.TotalLength);
        Promise.Holds(packet.TotalLength <= input.Length);
        Promise.Holds(packet.HeaderLength >= (packet.Version == 4 ? 20 : 40) && packet.HeaderLength <= packet.TotalLength);
        Promise.Holds(packet.Payload.Length == packet.TotalLength - packet.HeaderLength);
        Promise.Holds(packet.Source.IsIpv4 == (packet.Version == 4) && packet.Destination.IsIpv4 == (packet.Version == 4));
        Promise.Holds(packet.IsFragment == (packet.MoreFragments || packet.FragmentOffset != 0));
        Promise.Holds(packet.FragmentOffset % 8 == 0);
        outcome.Add(packet.Version);
        outcome.Add(packet.Protocol);
        outcome.Add(packet.IsFragment);
        outcome.Add(packet.DontFragment);
        outcome.AddScale(packet.HeaderLength);
        bool hasFlow = packet.TryGetFlow(out var flow);
        outcome.Add(hasFlow);
        if (hasFlow)
            Promise.Holds(flow.Protocol == packet.Protocol && flow.Source == packet.Source && flow.Reverse().Reverse() == flow);
        outcome.Add(TransportViews.Walk(packet.Payload, packet.Protocol));
        WriteErrors(packet, flow, hasFlow, ref outcome);
        if (IcmpErrorView.TryParse(packet, out var error))
        {
            outcome.Add((long)error.Kind);
            outcome.Add(error.Flow.Protocol);
            Promise.Holds(error.Transport.Length >= 4);
            Promise.Holds(error.Mtu >= 0);
        }

        return outcome.Value;
    }

    private void WriteErrors(in IpView packet, in FlowKey flow, bool hasFlow, ref Outcome outcome)
    {
        foreach (var kind in Enum.GetValues<IcmpErrorKind>())
        {
            if (kind == IcmpErrorKind.Other)
                continue;
            // An error from the offender to itself is the caller's fault.
            var from = packet.Version == 4 ? SamplePackets.Target4 : SamplePackets.Target6;
            if (packet.Source == from)
                return;
            if (!IcmpError.TryWrite(_error, packet, from, kind, 1300, out int length))
            {
                outcome.Add(0);
                continue;
            }

            // What we write we can read, and it speaks of the same flow.
            Promise.Holds(length <= IcmpError.MaximumLength);
            Promise.Holds(IpView.TryParse(_error.AsSpan(0, length), out var written));
            Promise.Holds(written.Source == from && written.Destination == packet.Source);
            if (!hasFlow)
                continue;
            Promise.Holds(IcmpErrorView.TryParse(written, out var error));
            Promise.Holds(error.Kind == kind && error.Flow == flow);
        }
    }
}
