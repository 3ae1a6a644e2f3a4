using Keyhole.Packets;

namespace Keyhole.NetStack;

// The transmission control block (RFC 9293 section 3.3.1). An idle flow holds no slab, no segment ring and no out-of-order store: this
// object, its controller and its place in the table are below 1 KiB, which a test asserts.
public sealed partial class TcpFlow
{
    internal const long Never = long.MaxValue;

    // Fixed for the life of the object, or of the connection.
    internal readonly TcpStack Stack;
    internal readonly ICongestion Congestion;
    internal ulong PseudoSum;
    internal int HeaderLength;
    internal bool TimestampsOn;
    internal bool SackOn;
    internal bool WindowScaleOn;
    internal byte SndShift;
    internal byte RcvShift;
    internal uint TimestampOffset;
    internal long OpenedAt;

    // Send sequence space.
    internal uint Iss;
    internal uint SndUna;
    internal uint SndNxt;
    internal uint SndWl1;
    internal uint SndWl2;
    internal int SndWnd;
    internal int MaxSndWnd;
    internal SlabQueue SendQueue;
    internal long ReservedEnd;
    internal bool SendClosed;
    internal bool FinSent;
    internal bool SendSpaceWanted;

    // Receive sequence space. RcvAdv is the right edge that was advertised.
    internal uint Irs;
    internal uint RcvNxt;
    internal uint RcvAdv;
    internal uint LastAckSent;
    internal uint RcvFinSeq;
    internal bool RcvFinKnown;
    internal bool ReceiveClosed;
    internal int RcvLimit;
    internal int RcvMss;
    internal SlabQueue ReceiveQueue;
    internal OutOfOrderStore? OutOfOrder;
    internal uint TsRecent;
    internal long TsRecentAt;
    internal uint DsackLeft;
    internal uint DsackRight;

    // Acknowledgements that are due.
    internal bool AckNow;
    internal byte QuickAcks;
    internal long AckAt;
    internal long ChallengeAt;
    internal long OutOfWindowAckAt;

    // Autotuning of the receive window: what the host consumed since the round began.
    internal long ConsumeRoundAt;
    internal int ConsumedInRound;

    // Loss recovery.
    internal Scoreboard Scoreboard;
    internal RttEstimator Rtt;
    internal Rack Rack;
    internal Prr Prr;
    internal CongestionWindow Window;
    internal RecoveryState Recovery;
    internal uint RecoveryPoint;
    internal int DuplicateAcks;
    internal bool ForwardProbe;
    internal bool ForwardProbeSent;
    internal bool HasRetransmitStamp;
    internal uint RetransmitStamp;
    internal uint UndoMarker;
    internal int UndoRetransmissions;
    internal bool CanUndo;
    internal int UndoWindow;
    internal int UndoThreshold;
    internal bool TlpInFlight;
    internal bool TlpIsRetransmission;
    internal uint TlpEndSeq;
    internal bool WindowLimited;
    internal uint WindowLimitedUntil;
    /// <summary>What both SYNs, and ICMP errors since, allow; the way may allow less.</summary>
    internal int SegmentSizeLimit;
    /// <summary>What <see cref="IPacketSink.MtuOf"/> said last; 0 before the first time.</summary>
    internal int PathMtu;
    internal byte FullSizeTimeouts;

    // Delivery rate (draft-cheng-iccrg-delivery-rate-estimation).
    internal long Delivered;
    internal long DeliveredAt;
    internal long FirstSentAt;
    internal long AppLimitedUntil;

    // Timers: instants, or Never.
    internal long RtoAt;
    internal long TlpAt;
    internal long RackAt;
    internal long PersistAt;
    internal long LingerAt;
    internal long PaceAt;
    internal long MemoryAt;
    internal byte Backoff;
    internal byte PersistBackoff;
    internal byte Probes;
    internal byte SynTransmissions;
    internal long SynSentAt;
    internal long LastReceivedAt;
    internal long LastSentAt;
    internal long LastDataAt;
    internal long StalledSince;
    internal long ProbedAt;

    // The stack's bookkeeping.
    internal TcpFlow? NextOfPeer;
    internal TcpFlow? PreviousOfPeer;
    internal FlowEvents Events;
    internal bool IsDirty;
    internal bool IsBlocked;
    internal bool IsInTable;
    internal bool AbortRequested;
    internal CloseReason AbortReason;

    internal TcpFlow(TcpStack stack, ICongestion congestion)
    {
        Stack = stack;
        Congestion = congestion;
        Scoreboard.Reset();
        SendQueue.Reset();
        ReceiveQueue.Reset();
    }

    /// <summary>Both sides have agreed on their sequence numbers (RFC 9293 section 3.3.2).</summary>
    internal bool IsSynchronised => TcpState >= TcpState.Established;

    /// <summary>The state lets data go out.</summary>
    internal bool CanSendData => TcpState is TcpState.Established or TcpState.CloseWait or TcpState.FinWait1 or TcpState.Closing or TcpState.LastAck;

    /// <summary>The state lets data come in.</summary>
    internal bool CanReceiveData => TcpState is TcpState.Established or TcpState.FinWait1 or TcpState.FinWait2;

    /// <summary>Offset in the send queue of a sequence number at or after SND.UNA.</summary>
    internal long SendOffset(uint seq) => SendQueue.Head + Seq.Distance(FirstUnackedByte, seq);

    /// <summary>Offset in the receive queue of a sequence number.</summary>
    internal long ReceiveOffset(uint seq) => ReceiveQueue.Tail + Seq.Distance(RcvNxt, seq);

    /// <summary>SND.UNA, or the byte behind the SYN while that is not acknowledged.</summary>
    private uint FirstUnackedByte => SndUna == Iss && TcpState is TcpState.SynSent or TcpState.SynReceived ? Iss + 1 : SndUna;

    /// <summary>Our timestamp clock: milliseconds from an offset that differs per flow (RFC 7323 section 5.4).</summary>
    internal uint TimestampAt(long now) => (uint)(now / 1000) + TimestampOffset;

    /// <summary>Bytes that were queued and not yet sent for the first time.</summary>
    internal int Unsent => (int)(SendQueue.Tail - SendOffset(SndNxt)) + (FinSent ? 1 : 0);

    /// <summary>Prepares a flow from the pool for a new connection.</summary>
    internal void Open(in FlowKey incoming, int peer, PeerAccount account, bool active, long now)
    {
        IncomingKey = incoming;
        Peer = peer;
        Account = account;
        IsActive = active;
        State = null;
        CloseReason = CloseReason.None;
        UnreachableKind = default;
        OpenedAt = ProbedAt = LastReceivedAt = LastSentAt = LastDataAt = now;
        HeaderLength = (incoming.Source.IsIpv4 ? Ipv4Header.MinimumLength : Ipv6Header.Length) + TcpHeader.MinimumLength;
        PseudoSum = Checksum.Pseudo(incoming.Destination, incoming.Source, IpProtocol.Tcp, 0);
        TimestampsOn = SackOn = WindowScaleOn = false;
        SndShift = RcvShift = 0;

        SndWnd = MaxSndWnd = 0;
        SendQueue.Reset();
        ReservedEnd = 0;
        SendClosed = FinSent = SendSpaceWanted = false;
        RcvFinKnown = ReceiveClosed = PeerFinished = false;
        RcvNxt = RcvAdv = LastAckSent = 0;
        RcvMss = 536;
        ReceiveQueue.Reset();
        TsRecent = DsackLeft = DsackRight = 0;
        TsRecentAt = now;
        AckNow = false;
        QuickAcks = 16;
        AckAt = Never;
        ChallengeAt = OutOfWindowAckAt = long.MinValue;
        ConsumeRoundAt = now;
        ConsumedInRound = 0;

        Scoreboard.Reset();
        Rtt.Reset();
        Rack.Reset();
        Prr = default;
        Window = default;
        Recovery = RecoveryState.Open;
        DuplicateAcks = 0;
        ForwardProbe = ForwardProbeSent = HasRetransmitStamp = CanUndo = TlpInFlight = WindowLimited = false;
        FullSizeTimeouts = 0;
        SegmentSizeLimit = int.MaxValue;
        PathMtu = 0;
        Delivered = 0;
        DeliveredAt = FirstSentAt = now;
        AppLimitedUntil = 0;

        RtoAt = TlpAt = RackAt = PersistAt = LingerAt = PaceAt = MemoryAt = StalledSince = Never;
        Backoff = PersistBackoff = Probes = SynTransmissions = 0;
        IdleTimeout = ExpiresAt = Never;
        BytesReceived = BytesAcknowledged = 0;
        Retransmissions = 0;
        Events = FlowEvents.None;
        AbortRequested = false;
        AbortReason = CloseReason.None;
        Congestion.Reset();
    }

    internal override void Expire(long now) => TcpTimers.Expire(this, now);
}
