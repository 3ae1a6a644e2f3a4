using Keyhole.Edge;
using Keyhole.Net;
using Keyhole.Packets;
using Keyhole.Tunnel;
using Keyhole.WireGuard;

namespace Keyhole.Client;

/// <summary>
/// The data thread of TUN mode: what the machine sends into the interface goes to <see cref="ClientState"/>, what connectors send comes out of it.
/// </summary>
internal sealed class TunThread : ClientThread
{
    /// <summary>Packets read from the interface before the socket has its turn.</summary>
    private const int PacketsPerTurn = 256;

    /// <summary>Errors that one second may bring to the machine's own programs.</summary>
    private const int ErrorsPerSecond = 100;

    private readonly TunDevice _tun;
    private readonly TunReader _reader;
    private readonly byte[] _packet = GC.AllocateArray<byte>(TunDevice.BufferLength, pinned: true);
    private readonly TcpCoalescer _joined = new(VnetHeader.Size);
    private readonly byte[] _segment = new byte[ushort.MaxValue];
    private readonly byte[] _error = new byte[VnetHeader.Size + IcmpError.MaximumLength];
    private long _errorsSince;
    private int _errors;

    /// <exception cref="NetworkException">No socket, or no TUN device: without CAP_NET_ADMIN there is none.</exception>
    public TunThread(string name, Func<DatagramOut, ClientState> state) : base(state)
    {
        _tun = TunDevice.Open(name);
        _reader = new TunReader(this);
        Loop.Add(_tun, Readiness.Read, _reader);
    }

    public string Name => _tun.Name;

    /// <summary>Packets that the interface did not take.</summary>
    public long WriteFaults { get; private set; }

    protected override void Received(ReceiveBatch datagrams, long now)
    {
        foreach (var datagram in datagrams.Datagrams)
        {
            if (!State.Receive(datagram.First, datagram.Source, now, out var packet, datagram.IsFragmented))
                continue;
            if (MssClamp.IsSyn(packet))
                Clamp(datagram.First.Slice(TransportMessage.PacketOffset, packet.Length), now);
            if (_joined.TryAdd(packet))
                continue;
            DeliverJoined();
            if (!_joined.TryAdd(packet))
                Deliver(datagram.First.Slice(TransportMessage.PacketOffset - VnetHeader.Size, VnetHeader.Size + packet.Length), default);
        }

        DeliverJoined();
    }

    protected override void Dispose(bool disposing)
    {
        Loop.Remove(_tun);
        _tun.Dispose();
        base.Dispose(disposing);
    }

    private void ReadPackets()
    {
        long now = MonotonicClock.Now;
        for (int count = 0; count < PacketsPerTurn; count++)
        {
            int length = _tun.Read(_packet, out var fault);
            if (length < 0 && !fault.IsWouldBlock)
                throw new NetworkException($"The interface {Name} is gone: {fault}");
            if (length <= VnetHeader.Size)
                return;
            var header = VnetHeader.Read(_packet);
            var packet = _packet.AsSpan(VnetHeader.Size, length - VnetHeader.Size);
            if (header.Segmentation != VnetSegmentation.None)
                SendSegments(packet, header.SegmentSize, now);
            else if (!header.NeedsChecksum || SuperPacket.TryFinishChecksum(packet, header.ChecksumStart, header.ChecksumOffset))
                SendWhole(packet, now);
        }
    }

    /// <summary>What a SYN of the other side asks for goes this side's way, too.</summary>
    private void Clamp(Span<byte> packet, long now)
    {
        if (IpView.TryParse(packet, out var ip) && ip.TryGetFlow(out var flow))
            MssClamp.TryApply(packet, State.MtuOf(flow.Reverse(), now).Largest);
    }

    /// <summary>The way may carry less than the interface, and a host behind this machine knows the MTU of its own link only.</summary>
    private void SendWhole(Span<byte> packet, long now)
    {
        if (MssClamp.IsSyn(packet))
            MssClamp.TryApply(packet, State.MtuOf(packet, now).Largest);
        if (packet.Length <= InnerMtu.Smallest || packet.Length <= State.MtuOf(packet, now).Current)
            Send(packet, now);
        else
            SendSegments(packet, packet.Length, now);
    }

    /// <summary>
    /// Segments are cut again where the way carries less than the sender believes: TCP does not mind. Other packets are cut where their sender lets them be;
    /// of anything else that is too long it is told (RFC 1191, RFC 8201).
    /// </summary>
    private void SendSegments(ReadOnlySpan<byte> packet, int segmentSize, long now)
    {
        if (!SuperPacket.TryParse(packet, segmentSize, State.MtuOf(packet, now).Current, out var super))
        {
            if (segmentSize < packet.Length || !SendFragments(packet, now))
                Send(packet, now);
            return;
        }

        for (int index = 0; index < super.Count; index++)
        {
            if (!Send(_segment.AsSpan(0, super.Write(index, _segment)), now))
                return;
        }
    }

    /// <summary>Fragments go to a connector by their addresses alone, not by their flow: they fit each of its ways.</summary>
    private bool SendFragments(ReadOnlySpan<byte> packet, long now)
    {
        if (!Ipv4Fragments.TryParse(packet, InnerMtu.Smallest, out var fragments))
            return false;
        for (int index = 0; index < fragments.Count; index++)
        {
            if (!Send(_segment.AsSpan(0, fragments.Write(index, _segment)), now))
                break;
        }

        return true;
    }

    private bool Send(ReadOnlySpan<byte> packet, long now)
    {
        if (State.Send(packet, now, out var reason))
            return true;
        Refuse(packet, reason, now);
        return false;
    }

    /// <summary>Gives the interface the segments of one flow as one packet, which costs it little more than one of them.</summary>
    private void DeliverJoined()
    {
        if (_joined.IsEmpty)
            return;
        _joined.Finish();
        var header = _joined.Count == 1 ? default : new VnetHeader
        {
            NeedsChecksum = true,
            Segmentation = _joined.Framed[VnetHeader.Size] >> 4 == 4 ? VnetSegmentation.Tcp4 : VnetSegmentation.Tcp6,
            HeaderLength = (ushort)_joined.HeaderLength,
            SegmentSize = (ushort)_joined.SegmentSize,
            ChecksumStart = (ushort)_joined.TransportOffset,
            ChecksumOffset = TcpCoalescer.ChecksumOffset,
        };
        Deliver(_joined.Framed, header);
        _joined.Clear();
    }

    /// <param name="framed">Room for the device's header, then the packet.</param>
    private void Deliver(Span<byte> framed, in VnetHeader header)
    {
        header.Write(framed);
        if (_tun.Write(framed, out _) < 0)
            WriteFaults++;
    }

    /// <summary>Tells the program that sent it why a packet went nowhere, so that it need not wait.</summary>
    private void Refuse(ReadOnlySpan<byte> packet, ClientDropReason reason, long now)
    {
        if (PacketRefusal.KindOf(reason) is not { } kind)
            return;
        if (now - _errorsSince >= 1_000_000)
            (_errorsSince, _errors) = (now, 0);
        if (_errors++ < ErrorsPerSecond
            && IpView.TryParse(packet, out var ip)
            && IcmpError.TryWrite(_error.AsSpan(VnetHeader.Size), ip, ip.Destination, kind, State.MtuOf(packet, now).Current, out int length))
            Deliver(_error.AsSpan(0, VnetHeader.Size + length), default);
    }

    private sealed class TunReader(TunThread thread) : IReadinessHandler
    {
        public void OnReady(Readiness readiness) => thread.ReadPackets();
    }
}
