using Keyhole.Packets;
using Keyhole.WireGuard;

namespace Keyhole.Tunnel;

public sealed partial class RelayState
{
    /// <summary>
    /// Stands between the device and the wire, and keeps the promise that nothing unproven gets more bytes than it sent: not per message but in
    /// sum, whatever the device's timers want to repeat.
    /// </summary>
    private sealed class ProvenOutput(RelayState relay) : IDatagramOutput
    {
        public void Send(in IpEndpoint destination, ReadOnlySpan<byte> datagram, Peer? peer)
        {
            var slot = peer?.State as AgentSlot;
            if (slot is not null && slot.Address == destination)
                relay._options.Output.Send(destination, datagram, peer);
            else if (destination == relay._arrival.Source && relay._arrival.SentBack + datagram.Length <= relay._arrival.Length)
                Answer(destination, datagram, peer);
            else if (slot is not null && slot.Candidate.Address == destination && slot.Candidate.Credit >= datagram.Length)
                Spend(slot, destination, datagram);
            else if (slot?.Address is { } proven)
                Divert(slot, proven, datagram);
            else
                relay.Drop(RelayDropReason.CandidateBudget);
        }

        private void Answer(in IpEndpoint source, ReadOnlySpan<byte> datagram, Peer? peer)
        {
            relay._arrival.SentBack += datagram.Length;
            relay._options.Output.Send(source, datagram, peer);
        }

        private void Spend(AgentSlot slot, in IpEndpoint candidate, ReadOnlySpan<byte> datagram)
        {
            slot.Candidate.Credit -= datagram.Length;
            relay._options.Output.Send(candidate, datagram, slot.Peer);
        }

        /// <summary>A repeated initiation whose candidate has used up its bytes goes to the proven address; an answer to it proves nothing.</summary>
        private void Divert(AgentSlot slot, in IpEndpoint proven, ReadOnlySpan<byte> datagram)
        {
            slot.Candidate.WasInitiatedTo = false;
            relay._options.Output.Send(proven, datagram, slot.Peer);
        }
    }
}
