using Keyhole.Packets;

namespace Keyhole.NetStack.Tests.Scripts;

/// <summary>What is true of every segment that a stack may ever send, whatever the script is about.</summary>
internal sealed class PeerRules(StackOptions options)
{
    private long _offeredEdge;
    private long _acknowledged;
    private long _peerEdge;
    private long _peerEnd;
    private int _peerShift;
    private int _ourShift;
    private bool _peerScales;
    private bool _weScale;
    private bool _peerSacks;
    private int _segmentSize = 536;

    public void Reset()
    {
        _offeredEdge = _acknowledged = _peerEdge = _peerEnd = 0;
        _peerShift = _ourShift = 0;
        _peerScales = _weScale = _peerSacks = false;
        _segmentSize = 536;
    }

    /// <summary>What the peer says, before the stack sees it.</summary>
    public void OnPeer(Segment segment)
    {
        _peerEnd = Math.Max(_peerEnd, segment.End);
        if (segment.Has(TcpFlags.Syn))
        {
            _peerScales = segment.Parsed.WindowScale.HasValue;
            _peerShift = Math.Min((int)(segment.Parsed.WindowScale ?? 0), 14);
            _peerSacks = segment.Parsed.SackPermitted;
            _segmentSize = segment.Parsed.MaximumSegmentSize ?? 1_220;
        }

        if (segment.Ack is { } ack)
            _peerEdge = Math.Max(_peerEdge, ack + ((long)segment.Window!.Value << (segment.Has(TcpFlags.Syn) || !_weScale ? 0 : _peerShift)));
    }

    /// <summary>The rule that a segment of the stack breaks, or null.</summary>
    public string? Violation(Segment sent, long written, bool wasReset)
    {
        if (sent.Has(TcpFlags.Syn))
        {
            _weScale = sent.Parsed.WindowScale.HasValue && (_peerScales || !sent.Has(TcpFlags.Ack));
            _ourShift = sent.Parsed.WindowScale ?? 0;
            if (sent.Has(TcpFlags.Ack) && sent.Parsed.WindowScale.HasValue && !_peerScales)
                return "RFC 7323 section 1.3: window scale in a SYN-ACK that answers none";
            if (sent.Has(TcpFlags.Ack) && sent.Parsed.SackPermitted && !_peerSacks)
                return "RFC 2018 section 2: SACK permitted in answer to none";
            if (_ourShift > 14)
                return "RFC 7323 section 2.2: shift above 14";
        }

        if (sent.Has(TcpFlags.Rst))
            return sent.Length > 0 ? "a reset with data" : null;
        if (wasReset)
            return "a segment of a connection that was reset";
        if (sent.Ack is { } ack)
        {
            if (ack > _peerEnd)
                return "acknowledges what was never sent";
            if (ack < _acknowledged)
                return "takes an acknowledgement back";
            _acknowledged = ack;
            long edge = ack + ((long)sent.Window!.Value << (sent.Has(TcpFlags.Syn) || !_peerScales || !_weScale ? 0 : _ourShift));

            // RFC 7323 section 2.4: a scaled window may appear to shrink by what its granularity hides.
            int granularity = sent.Has(TcpFlags.Syn) || !_peerScales || !_weScale ? 1 : 1 << _ourShift;
            if (edge <= _offeredEdge - granularity)
                return $"RFC 7323 section 2.4: the right edge goes from {_offeredEdge} back to {edge}";
            _offeredEdge = Math.Max(_offeredEdge, edge);
        }

        return DataViolation(sent, written);
    }

    private string? DataViolation(Segment sent, long written)
    {
        if (sent.Length == 0)
            return null;
        if (sent.Seq + sent.Length - 1 > written)
            return "sends bytes that nobody wrote";
        if (Pattern.FirstDifferenceFromUs(sent.Payload, sent.Seq) is >= 0 and var at)
            return $"byte {sent.Seq + at} is wrong";
        if (sent.Seq + sent.Length > _peerEdge)
            return $"sends beyond the peer's window, which ends at {_peerEdge}";
        int limit = Math.Max(_segmentSize, options.MinimumSegmentSize) - (sent.Parsed.HasTimestamps ? 12 : 0) - (sent.Parsed.SackBlockCount > 0 ? 4 + (8 * sent.Parsed.SackBlockCount) : 0);
        return sent.Length > limit ? $"a segment of {sent.Length} bytes where {limit} are allowed (RFC 6691)" : null;
    }
}
