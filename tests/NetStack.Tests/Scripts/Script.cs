using Keyhole.Packets;

namespace Keyhole.NetStack.Tests.Scripts;

/// <summary>
/// One stack, one scripted peer and a clock that the script turns. What the stack sends is held to rules that are always true
/// (<see cref="PeerRules"/>), and every segment that the script did not ask for is a failure at the next step. The bytes of both
/// streams follow from their position, so that a wrong, missing or unwritten byte shows wherever it is looked at.
/// </summary>
internal sealed partial class Script : IPacketSink, IFlowHost
{
    public const int Peer = 5;
    public const int PeerMss = 1_000;

    private readonly byte[] _rented = new byte[2_048];
    private readonly Queue<Segment> _sent = new();
    private readonly Queue<byte[]> _icmp = new();
    private readonly Queue<(long At, string? In, Segment? Out)> _trace = new();
    private readonly PeerRules _rules;
    private long _lastAck;
    private bool _timestamps;
    private long _written;
    private long _read;
    private bool _open = true;

    public Script(Variant variant, StackOptions? options = null)
    {
        Variant = variant;
        Options = (options ?? Defaults) with { FastPath = variant != Variant.WrapsOnLongPath };
        PeerIsn = variant switch
        {
            Variant.Wraps or Variant.WrapsOnLongPath => 0xFFFF_FF00,
            Variant.ChangesSign => 0x7FFF_FF00,
            _ => 1_000_000,
        };
        Stack = new TcpStack(Options, this, this);
        _rules = new PeerRules(Options);
    }

    /// <summary>One window of a known size, no probes while nothing happens: scripts about windows or keepalive say otherwise.</summary>
    public static StackOptions Defaults => new() { Secret = Wire.Bytes(32), KeepaliveIdle = long.MaxValue };

    public Variant Variant { get; }

    public StackOptions Options { get; }

    public TcpStack Stack { get; }

    public bool Ipv6 => Variant is Variant.ChangesSign or Variant.WrapsOnLongPath;

    public IpAddress PeerAddress => Ipv6 ? Wire.Client6 : Wire.Client4;

    public IpAddress TargetAddress => Ipv6 ? Wire.Target6 : Wire.Target4;

    public ushort PeerPort { get; set; } = 40_000;

    public ushort TargetPort { get; set; } = 443;

    /// <summary>The key of the peer's segments.</summary>
    public FlowKey Key => new(IpProtocol.Tcp, PeerAddress, PeerPort, TargetAddress, TargetPort);

    /// <summary>What the stack offers: RFC 9293 section 3.7.1, without options.</summary>
    public int OurMss => Options.Mtu - (Ipv6 ? 60 : 40);

    /// <summary>Microseconds.</summary>
    public long Now { get; private set; } = 100_000_000_000;

    public uint PeerIsn { get; set; }

    public uint OurIsn { get; private set; }

    /// <summary>What the peer's segments say when the script does not: as it stands in the segment.</summary>
    public int PeerWindow { get; set; } = 65_535;

    public PendingSyn? Pending { get; private set; }

    public TcpFlow Flow { get; private set; } = null!;

    /// <summary>The dial succeeds at once.</summary>
    public bool AutoAccept { get; set; } = true;

    /// <summary>The target takes what arrives at once.</summary>
    public bool AutoRead { get; set; }

    public bool SinkFull { get; set; }

    /// <summary>What the way to the peer carries now.</summary>
    public FlowMtu Way { get; set; } = FlowMtu.Unbounded;

    public List<string> Events { get; } = [];

    /// <summary>The sequence number behind everything that the stack has sent.</summary>
    public long HighestSent { get; private set; }

    public int SynsOffered { get; private set; }

    /// <summary>One or more segments of the peer in one batch, then a flush.</summary>
    public void In(params string[] lines)
    {
        Nothing();
        foreach (string line in lines)
            Receive(Build(Segment.Parse(line)), line);
        Flush();
    }

    /// <summary>A segment altered on its way; checksums are not made good.</summary>
    public void InAltered(string line, Action<byte[]> alter)
    {
        Nothing();
        byte[] packet = Build(Segment.Parse(line));
        alter(packet);
        Receive(packet, line + " (altered)");
        Flush();
    }

    /// <summary>Any packet of the peer.</summary>
    public void InPacket(byte[] packet, string what)
    {
        Nothing();
        Receive(packet, what);
        Flush();
    }

    /// <summary>A packet that another peer sent; whatever it is answered goes to that peer and is not looked at.</summary>
    public void InPacketOf(int peer, byte[] packet)
    {
        Nothing();
        Note((Now, $"a packet of peer {peer}", null));
        Stack.Input(packet, peer, Now);
        Flush();
    }

    /// <summary>The packet that <see cref="In"/> would give the stack, altered and with its checksum made good.</summary>
    public byte[] Build(string line, Action<byte[]> alter)
    {
        byte[] packet = Build(Segment.Parse(line));
        alter(packet);
        TcpHeader.WriteChecksum(packet.AsSpan(Ipv6 ? 40 : 20), PeerAddress, TargetAddress);
        return packet;
    }

    public void Flush() => Stack.Flush(Now);

    /// <summary>The next segment that the stack has sent, which must be as described; what is not described may be anything.</summary>
    public Segment Out(string line)
    {
        var expected = Segment.Parse(line);
        if (_sent.Count == 0)
            Fail($"expected {line}, but nothing was sent");
        var sent = _sent.Dequeue();
        const TcpFlags Compared = ~TcpFlags.Psh;
        if ((sent.Flags & Compared) != (expected.Flags & Compared)
            || (!expected.AnySeq && sent.Seq != expected.Seq)
            || sent.Length != expected.Length
            || (expected.Ack is not null && sent.Ack != expected.Ack)
            || (expected.Window is not null && sent.Window != expected.Window)
            || (expected.Options.Count > 0 && !OptionsFit(expected, Described(sent))))
            Fail($"expected {line}, but {Described(sent)} was sent");
        return sent;
    }

    /// <summary>The next segment is a reset with this sequence number, with ACK or without.</summary>
    public void OutReset(long seq)
    {
        if (_sent.Count == 0)
            Fail("expected a reset, but nothing was sent");
        var sent = _sent.Dequeue();
        if (!sent.Has(TcpFlags.Rst) || sent.Seq != seq)
            Fail($"expected a reset at {seq}, but {sent} was sent");
    }

    /// <summary>Several segments, each as in <see cref="Out"/>.</summary>
    public void OutAll(params string[] lines)
    {
        foreach (string line in lines)
            Out(line);
    }

    /// <summary>The next segment comes within these milliseconds from now, and not before.</summary>
    public Segment OutAfter(long atLeast, long atMost, string line)
    {
        Quiet(atLeast);
        Advance((atMost - atLeast) * 1_000, untilSent: true);
        var sent = Out(line);
        return sent;
    }

    /// <summary>Everything that was sent, unchecked but for the rules.</summary>
    public List<Segment> Drain()
    {
        var all = _sent.ToList();
        _sent.Clear();
        return all;
    }

    public byte[] OutIcmp()
    {
        if (_icmp.Count == 0)
            Fail("expected an ICMP message");
        return _icmp.Dequeue();
    }

    public void Nothing()
    {
        if (_sent.Count > 0)
            Fail($"{Described(_sent.Peek())} was sent and not expected");
        if (_icmp.Count > 0)
            Fail("an ICMP message was sent and not expected");
    }

    /// <summary>Turns the clock; what is sent meanwhile waits to be looked at.</summary>
    public void Wait(long milliseconds) => Advance(milliseconds * 1_000, untilSent: false);

    public void WaitMicroseconds(long microseconds) => Advance(microseconds, untilSent: false);

    /// <summary>Turns the clock; nothing may be sent meanwhile.</summary>
    public void Quiet(long milliseconds)
    {
        Nothing();
        Advance(milliseconds * 1_000, untilSent: true);
        Nothing();
    }

    /// <summary>The clock jumps as it does when the machine was suspended: no timer ran meanwhile.</summary>
    public void Jump(long milliseconds)
    {
        Now += milliseconds * 1_000;
        Stack.Tick(Now);
    }

    public void Fail(string message) => Assert.Fail($"{message}\n{string.Join('\n', _trace.Select(Line))}");

    private void Note((long At, string? In, Segment? Out) line)
    {
        if (_trace.Count == 40)
            _trace.Dequeue();
        _trace.Enqueue(line);
    }

    private string Line((long At, string? In, Segment? Out) line) =>
        line.Out is { } sent ? $"{line.At / 1_000,12}     {Described(sent)}" : $"{line.At / 1_000,12} in  {line.In}";

    private Segment Described(Segment sent) => sent with { Options = Describe(sent.Parsed) };

    public void Check(bool holds, string message)
    {
        if (!holds)
            Fail(message);
    }

    /// <summary>Takes everything down and shows that nothing is left: flows, timers, memory.</summary>
    public void End()
    {
        Nothing();
        _open = false;
        Stack.RemovePeer(Peer, Now);
        Flush();
        Drain();
        Wait(200_000);
        Drain();
        _icmp.Clear();
        Check(Stack.FlowCount == 0, $"{Stack.FlowCount} flows are left");
        Check(Stack.PendingCount == 0, $"{Stack.PendingCount} pending SYNs are left");
        Check(Stack.TimeWaitCount == 0, $"{Stack.TimeWaitCount} connections are left in TIME-WAIT");
        Check(Stack.BufferBytes == 0, $"{Stack.BufferBytes} bytes of buffers are left");
        Check(Stack.NextDeadline == long.MaxValue, "a timer is left");
    }

    private void Advance(long microseconds, bool untilSent)
    {
        long end = Now + microseconds;
        for (int turns = 0; Stack.NextDeadline <= end; turns++)
        {
            if (turns > 100_000)
                Fail("the stack asks for ticks without end");
            Now = Math.Max(Now, Stack.NextDeadline);
            Stack.Tick(Now);
            if (untilSent && (_sent.Count > 0 || _icmp.Count > 0))
                return;
        }

        Now = end;
    }

    private void Receive(byte[] packet, string what)
    {
        Note((Now, what, null));
        Stack.Input(packet, Peer, Now);
    }

    private byte[] Build(Segment segment)
    {
        var options = ReadOptions(segment);
        int ip = Ipv6 ? 40 : 20;
        int header = TcpHeader.MinimumLength + options.Length;
        byte[] packet = new byte[ip + header + segment.Length];
        if (segment.Ack is { } ack)
            _lastAck = ack;
        bool acks = segment.Has(TcpFlags.Ack);
        int window = segment.Window ?? PeerWindow;
        IpHeader.Write(packet, PeerAddress, TargetAddress, IpProtocol.Tcp, header + segment.Length);
        TcpHeader.Write(
            packet.AsSpan(ip),
            PeerPort,
            TargetPort,
            PeerIsn + (uint)segment.Seq,
            acks ? OurIsn + (uint)_lastAck : 0,
            segment.Flags,
            (ushort)window,
            options);
        Pattern.FromPeer(packet.AsSpan(ip + header), segment.Seq);
        TcpHeader.WriteChecksum(packet.AsSpan(ip), PeerAddress, TargetAddress);
        _rules.OnPeer(segment with { Ack = acks ? _lastAck : null, Window = window, Parsed = options });
        return packet;
    }

    Span<byte> IPacketSink.Rent(int peer, int length)
    {
        var span = _rented.AsSpan(0, length);
        span.Fill(PacketLog.Unwritten);
        return span;
    }

    bool IPacketSink.CanSend(int peer) => !SinkFull;

    FlowMtu IPacketSink.MtuOf(int peer, in FlowKey flow)
    {
        Assert.Equal(Key.Reverse(), flow);
        return Way;
    }

    void IPacketSink.Commit(int peer, int length)
    {
        byte[] packet = _rented[..length];
        var view = PacketLog.Parse(packet);
        Assert.True(length <= Math.Min(Options.Mtu, Way.Current), "The packet exceeds the MTU.");
        if (!_open || peer != Peer)
            return;
        Assert.Equal((TargetAddress, PeerAddress), (view.Source, view.Destination));
        if (view.Protocol != IpProtocol.Tcp)
        {
            Note((Now, "(out) ICMP", null));
            _icmp.Enqueue(packet);
            return;
        }

        Assert.True(TcpView.TryParse(view.Payload, out var tcp));
        Assert.True(tcp.IsChecksumValid(view.Source, view.Destination), "The checksum is wrong.");
        Assert.True(tcp.TryGetOptions(out var options));
        Assert.Equal((TargetPort, PeerPort), (tcp.SourcePort, tcp.DestinationPort));
        Assert.Equal(0, tcp.UrgentPointer);
        if ((tcp.Flags & TcpFlags.Syn) != 0)
        {
            OurIsn = tcp.SequenceNumber;
            _timestamps = options.HasTimestamps && (tcp.Flags & TcpFlags.Ack) != 0;
        }

        var segment = new Segment
        {
            Flags = tcp.Flags,
            Seq = (int)(tcp.SequenceNumber - OurIsn),
            Length = tcp.Payload.Length,
            Ack = (tcp.Flags & TcpFlags.Ack) != 0 ? (int)(tcp.AcknowledgmentNumber - PeerIsn) : null,
            Window = tcp.Window,
            Payload = tcp.Payload.ToArray(),
            Parsed = options,
            At = Now,
        };
        Note((Now, null, segment));
        LastTimestamp = options.HasTimestamps ? options.TimestampValue : LastTimestamp;
        if (!IsClosed && _rules.Violation(segment, _written, HasReset) is { } violation)
            Fail($"{violation}: {segment}");
        HighestSent = Math.Max(HighestSent, segment.End);
        _sent.Enqueue(segment);
    }
}
