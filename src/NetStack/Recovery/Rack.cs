namespace Keyhole.NetStack;

/// <summary>
/// Recent acknowledgement (RFC 8985 section 6): a segment is lost when one sent sufficiently later was delivered. "Sufficiently" is the
/// reordering window, which grows when the peer reports needless retransmissions.
/// </summary>
internal struct Rack
{
    /// <summary>RFC 8985 section 6.2 step 4: segments sacked at which a reordering window is not waited for.</summary>
    public const int DuplicateThreshold = 3;

    // RFC 8985 section 6.2 step 4: how many recoveries an enlarged window outlives.
    private const int Persistence = 16;

    private long _sentAt;
    private uint _endSeq;
    private uint _forwardSeq;
    private uint _duplicateRoundEnd;
    private bool _inDuplicateRound;
    private bool _hasForward;
    private byte _multiplier;
    private byte _persistence;

    /// <summary>Round-trip time of the most recently sent segment that was delivered.</summary>
    public long Rtt { get; private set; }

    /// <summary>An original transmission was delivered after a later one.</summary>
    public bool ReorderingSeen { get; private set; }

    public void Reset()
    {
        this = default;
        _multiplier = 1;
    }

    /// <summary>RFC 8985 section 6.2 steps 2 and 3: a segment was delivered.</summary>
    /// <param name="echoPredates">The timestamp that came back is older than the last transmission of the segment.</param>
    public void OnDelivered(in SentSegment segment, long minimumRtt, bool echoPredates, long now)
    {
        bool retransmitted = segment.Is(SegmentMarks.Retransmitted);
        uint end = segment.End;
        if (!_hasForward || Seq.Greater(end, _forwardSeq))
        {
            _forwardSeq = end;
            _hasForward = true;
        }
        else if (Seq.Less(end, _forwardSeq) && !retransmitted)
        {
            ReorderingSeen = true;
        }

        long rtt = now - segment.SentAt;

        // The acknowledgement is of an earlier transmission.
        if (retransmitted && (echoPredates || rtt < minimumRtt))
            return;
        Rtt = rtt;
        if (SentAfter(segment.SentAt, end, _sentAt, _endSeq))
            (_sentAt, _endSeq) = (segment.SentAt, end);
    }

    /// <summary>RFC 8985 section 6.2 step 4: the peer reported a duplicate; the window grows once per round trip.</summary>
    public void OnDuplicateReported(uint sndUna, uint sndNxt)
    {
        if (_inDuplicateRound && Seq.Less(sndUna, _duplicateRoundEnd))
            return;
        _inDuplicateRound = true;
        _duplicateRoundEnd = sndNxt;
        _multiplier = (byte)Math.Min(_multiplier + 1, byte.MaxValue);
        _persistence = Persistence;
    }

    /// <summary>A recovery ended without the peer reporting duplicates.</summary>
    public void OnRecoveryEnd()
    {
        if (_persistence > 0 && --_persistence == 0)
            _multiplier = 1;
    }

    /// <summary>RFC 8985 section 6.2 step 4.</summary>
    public readonly long ReorderingWindow(long minimumRtt, long smoothedRtt, bool recovering, int sackedCount)
    {
        if (!ReorderingSeen && (recovering || sackedCount >= DuplicateThreshold))
            return 0;
        return minimumRtt == long.MaxValue ? 0 : Math.Min(minimumRtt / 4 * _multiplier, smoothedRtt);
    }

    /// <summary>
    /// RFC 8985 section 6.2 step 5: marks what is lost by now, and returns how long until the next segment would be, or 0 when none is in question.
    /// </summary>
    public readonly long DetectLoss(ref Scoreboard scoreboard, long reorderingWindow, long now)
    {
        long wait = 0;
        for (ushort name = scoreboard.Oldest; name != Scoreboard.None;)
        {
            ref var segment = ref scoreboard.Named(name);
            ushort next = segment.Next;
            if (!SentAfter(_sentAt, _endSeq, segment.SentAt, segment.End))
                break;
            long remaining = segment.SentAt + Rtt + reorderingWindow - now;
            if (remaining <= 0)
                scoreboard.MarkLost(name);
            else
                wait = Math.Max(wait, remaining);
            name = next;
        }

        return wait;
    }

    private static bool SentAfter(long sentAt, uint endSeq, long otherSentAt, uint otherEndSeq) =>
        sentAt > otherSentAt || (sentAt == otherSentAt && Seq.Greater(endSeq, otherEndSeq));
}
