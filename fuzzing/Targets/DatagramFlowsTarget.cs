using Keyhole.NetStack;
using Keyhole.Packets;

namespace Keyhole.Fuzz;

/// <summary>
/// A program for the UDP and echo flow tables: packets of several peers, replies, refusals, time, removed peers. Counts
/// stay within the limits, every opened flow is closed once, and every packet sent is valid.
/// </summary>
internal sealed class DatagramFlowsTarget : IFuzzTarget
{
    private const int Peers = 3;

    private static readonly DatagramLimits Limits = new() { HashKey = 99, MaximumFlows = 8, MaximumFlowsPerPeer = 4, Mtu = 600 };

    public string Name => "datagram-flows";

    public string Door => "operation sequences on UdpFlowTable and IcmpEchoTable: packets, replies, errors, time, removed peers";

    public IEnumerable<(string Name, byte[] Input)> Seeds
    {
        get
        {
            foreach (var (name, packet) in SamplePackets.All)
                yield return ($"{name}-answered", [0, .. OperationReader.WriteBlock(packet), 1, 0, 5, 2, 0, 40, 0, .. OperationReader.WriteBlock(packet)]);
            yield return ("large-reply", [0, .. OperationReader.WriteBlock(SamplePackets.Udp(false, 9, [1])), 1, 0xFF, 0xFF]);
            yield return ("peer-removed", [0, .. OperationReader.WriteBlock(SamplePackets.Udp(true, 9, [1])), 5, 1, 0, 5]);
        }
    }

    public void Repair(Span<byte> input)
    {
        if (input.Length < 3)
            return;
        int length = Math.Min(input[1] << 8 | input[2], input.Length - 3);
        SamplePackets.Repair(input.Slice(3, length));
    }

    public ulong Run(Span<byte> input)
    {
        var world = new World();
        var reader = new OperationReader(input);
        for (int i = 0; i < 200 && !reader.IsEmpty; i++)
            world.Step(ref reader);
        return world.Finish();
    }

    private sealed class World : IUdpFlowHost, IEchoHost
    {
        private readonly NullSink _sink = new();
        private readonly UdpFlowTable _udp;
        private readonly IcmpEchoTable _echo;
        private readonly List<UdpFlow> _udpFlows = [];
        private readonly List<EchoFlow> _echoFlows = [];
        private readonly byte[] _payload = new byte[65_536];

        private Outcome _outcome;
        private long _now;
        private int _peer;

        internal World()
        {
            _udp = new UdpFlowTable(Limits, _sink, this);
            _echo = new IcmpEchoTable(Limits, _sink, this);
        }

        internal void Step(ref OperationReader reader)
        {
            byte operation = reader.Byte();
            _outcome.Add(operation % 7);
            switch (operation % 7)
            {
                case 0:
                    Input(reader.Block());
                    break;
                case 1:
                    Reply(reader.UInt16());
                    break;
                case 2:
                    _now += reader.UInt16() * 1_000_000L;
                    _udp.Tick(_now);
                    _echo.Tick(_now);
                    Promise.Holds(_udp.NextDeadline > _now && _echo.NextDeadline > _now);
                    break;
                case 3:
                    if (_udpFlows.Count > 0)
                        _udp.Refuse(_udpFlows[^1]);
                    if (_echoFlows.Count > 0)
                        _echo.Unreachable(_echoFlows[^1], UnreachableCode.Host);
                    break;
                case 4:
                    if (_udpFlows.Count > 0)
                        _udp.Close(_udpFlows[reader.Below(_udpFlows.Count)]);
                    break;
                case 5:
                    _udp.RemovePeer(_peer);
                    _echo.RemovePeer(_peer);
                    Promise.Holds(_udp.CountOf(_peer) == 0 && _echo.CountOf(_peer) == 0);
                    break;
                default:
                    _peer = reader.Byte() % Peers;
                    break;
            }

            Promise.Holds(_udp.Count == _udpFlows.Count && _echo.Count == _echoFlows.Count);
            Promise.Holds(_udp.Count <= Limits.MaximumFlows && _udp.CountOf(_peer) <= Limits.MaximumFlowsPerPeer);
            Promise.Holds(_echo.Count <= Limits.MaximumFlows && _echo.CountOf(_peer) <= Limits.MaximumFlowsPerPeer);
        }

        internal ulong Finish()
        {
            for (int peer = 0; peer < Peers; peer++)
            {
                _udp.RemovePeer(peer);
                _echo.RemovePeer(peer);
            }

            Promise.Holds(_udpFlows.Count == 0 && _echoFlows.Count == 0);
            _outcome.AddScale(_sink.Count);
            return _outcome.Value;
        }

        bool IUdpFlowHost.OnOpening(UdpFlow flow)
        {
            bool allowed = flow.Key.DestinationPort != 666;
            if (allowed)
                _udpFlows.Add(flow);
            return allowed;
        }

        void IUdpFlowHost.OnDatagram(UdpFlow flow, ReadOnlySpan<byte> payload)
        {
            Promise.Holds(_udpFlows.Contains(flow) && flow.Peer == _peer);
            _outcome.Add(1);
        }

        void IUdpFlowHost.OnClosed(UdpFlow flow)
        {
            Promise.Holds(_udpFlows.Remove(flow));
            _outcome.Add((long)flow.CloseReason);
        }

        bool IEchoHost.OnOpening(EchoFlow flow)
        {
            _echoFlows.Add(flow);
            return true;
        }

        void IEchoHost.OnEchoRequest(EchoFlow flow, ushort sequenceNumber, ReadOnlySpan<byte> payload)
        {
            Promise.Holds(_echoFlows.Contains(flow) && flow.Peer == _peer);
            _outcome.Add(2);
        }

        void IEchoHost.OnClosed(EchoFlow flow)
        {
            Promise.Holds(_echoFlows.Remove(flow));
            _outcome.Add((long)flow.CloseReason);
        }

        private void Input(Span<byte> bytes)
        {
            if (!IpView.TryParse(bytes, out var packet))
                return;
            if (IcmpErrorView.TryParse(packet, out var error))
            {
                _outcome.Add(_udp.InputError(error, _peer));
                return;
            }

            if (packet.Protocol == IpProtocol.Udp)
                _udp.Input(packet, _peer, _now);
            else
                _echo.Input(packet, _peer, _now);
        }

        private void Reply(int length)
        {
            if (_udpFlows.Count > 0)
                _outcome.Add(_udp.Reply(_udpFlows[^1], _payload.AsSpan(0, length), _now));
            if (_echoFlows.Count > 0)
                _outcome.Add(_echo.Reply(_echoFlows[^1], 1, _payload.AsSpan(0, length), _now));
        }
    }
}
