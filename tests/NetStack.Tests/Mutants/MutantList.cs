namespace Keyhole.NetStack.Tests.Mutants;

/// <summary>One or two rules of almost every pitfall, and how they would be forgotten.</summary>
internal static class MutantList
{
    public static readonly Mutant[] All =
    [
        new("P01", "unacceptable segments are answered", "Tcp/TcpInput.cs", "        AnswerOutOfWindow(flow, segment, now);\n        return false;\n    }\n\n    private static bool IsInWindow", "        return false;\n    }\n\n    private static bool IsInWindow"),
        new("P02", "a closed window is probed", "Tcp/TcpOutput.cs", "else if (flow.PersistAt == TcpFlow.Never)", "else if (flow.PersistAt == 1)"),
        new("P03", "an opened window is told", "Tcp/TcpOutput.Ack.cs", "return opened >= Math.Min(flow.RcvLimit / 4, 2 * flow.RcvMss) || current < flow.RcvMss;", "return opened < 0;"),
        new("P04", "the right edge stays", "Tcp/TcpOutput.Ack.cs", "if (field << shift < current &&", "if (field << shift < 0 &&"),
        new("P05", "the window of a SYN is not scaled", "Tcp/TcpHandshake.cs", "int window = Math.Min(ushort.MaxValue, flow.RcvLimit);", "int window = Math.Min(ushort.MaxValue, flow.RcvLimit) >> flow.RcvShift;"),
        new("P06", "slivers of a window are not used", "Tcp/TcpOutput.cs", "window > 0 && window >= flow.MaxSndWnd / 2;", "window > 0 && flow.MaxSndWnd > 0;"),
        new("P07", "every second segment is acknowledged", "Tcp/TcpInput.Text.cs", "else if (unacknowledged >= 2 * flow.RcvMss)", "else if (unacknowledged >= 200 * flow.RcvMss)"),
        new("P08", "only an exact reset resets", "Tcp/TcpInput.cs", "        if (segment.Seq != flow.RcvNxt)\n        {\n            flow.Stack.Counters.Drop(DropReason.ChallengedReset);", "        if (segment.Seq == flow.RcvNxt - 1)\n        {\n            flow.Stack.Counters.Drop(DropReason.ChallengedReset);"),
        new("P09", "challenges are limited", "Tcp/TcpInput.cs", "now - flow.ChallengeAt < ChallengeInterval", "now - flow.ChallengeAt < 0 * ChallengeInterval"),
        new("P10", "old acknowledgements are refused", "Tcp/TcpInput.Ack.cs", "if (Seq.Less(segment.Ack, flow.SndUna - (uint)flow.MaxSndWnd))", "if (Seq.Less(segment.Ack, flow.SndUna - 0x7000_0000))"),
        new("P11", "a simultaneous close is one", "Tcp/TcpInput.Text.cs", "flow.TcpState = TcpState.Closing;", "flow.TcpState = TcpState.FinWait2;"),
        new("P12", "a FIN beyond a hole is remembered", "Tcp/TcpInput.Text.cs", "if (fin && !flow.RcvFinKnown && Seq.LessOrEqual(at, flow.RcvAdv)", "if (fin && seq == flow.RcvNxt && !flow.RcvFinKnown && Seq.LessOrEqual(at, flow.RcvAdv)"),
        new("P13", "a half-closed flow waits for ever", "Tcp/TcpOutput.cs", "flow.TcpState == TcpState.FinWait2 && flow.ReceiveClosed && flow.LingerAt", "flow.TcpState == TcpState.FinWait2 && flow.LingerAt"),
        new("P14", "data after close is reset", "Tcp/TcpInput.Text.cs", "if (flow.ReceiveClosed && Seq.Greater(", "if (flow.ReceiveClosed && seq == 0 && Seq.Greater("),
        new("P15", "a reset stands at SND.NXT", "Tcp/TcpOutput.Ack.cs", "TryWrite(flow, flow.SndNxt, TcpFlags.Rst", "TryWrite(flow, flow.SndUna, TcpFlags.Rst"),
        new("P16", "the timeout doubles", "Recovery/LossRecovery.Timeout.cs", "flow.Backoff++;", "flow.Backoff += 0;"),
        new("P17", "RACK finds losses", "Recovery/Rack.cs", "if (remaining <= 0)", "if (remaining <= -10_000_000)"),
        new("P17", "a lost tail is probed", "Tcp/TcpTimers.cs", "if (!flow.SackOn\n", "if (flow.SackOn\n"),
        new("P18", "SACK blocks are checked", "Tcp/TcpInput.Ack.cs", "|| Seq.Greater(block.Right, flow.SndNxt) ", ""),
        new("P19", "the segment size has a floor", "Tcp/TcpHandshake.cs", "Math.Max(peers, options.MinimumSegmentSize)", "Math.Max(peers, 1)"),
        new("P20", "an unused window does not grow", "Congestion/Cubic.cs", "if (!ack.IsWindowLimited)", "if (ack.Now < 0)"),
        new("P21", "an idle window restarts", "Tcp/TcpOutput.cs", "if (idle <= TcpTimers.Rto(flow))", "if (idle >= 0)"),
        new("P22", "timestamps take room", "Tcp/TcpHandshake.cs", "mss - (flow.TimestampsOn ? TimestampsLength : 0)", "mss - (flow.TimestampsOn ? TimestampsLength - 12 : 0)"),
        new("P23", "ICMP is believed about what is in flight", "Tcp/TcpIcmp.cs", "if (!inFlight)", "if (!inFlight && seq == 1)"),
        new("P24", "numbers wrap", "Tcp/Seq.cs", "public static bool Less(uint left, uint right) => (int)(left - right) < 0;", "public static bool Less(uint left, uint right) => left < right;"),
        new("P25", "old timestamps are refused", "Tcp/TcpInput.cs", "        if (Seq.Less(segment.TimestampValue, flow.TsRecent) && now - flow.TsRecentAt < PawsIdle)\n        {", "        if (segment.TimestampValue == flow.TsRecent - 7)\n        {"),
        new("P25", "data beyond a hole changes no echo", "Tcp/TcpInput.cs", "if (Seq.Greater(segment.Seq, flow.LastAckSent) || (", "if ("),
        new("P26", "a new SYN replaces the one that waits", "TcpStack.Handshake.cs", "            if (view.TryGetOptions(out var options))\n                syn.Take", "            if (view.TryGetOptions(out var options) && segment.Seq == syn.Irs)\n                syn.Take"),
        new("P27", "reused ports get a later number", "TcpStack.Handshake.cs", "uint after = entry.SndNxt;", "uint? after = null;"),
        new("P28", "holes are bounded", "Tcp/TcpInput.Text.cs", "if (!store.CanAdd(start, end))", "if (start > end)"),
        new("P29", "checksums are verified", "TcpStack.cs", "if (Options.VerifyChecksums && !view.IsChecksumValid(source, destination))", "if (Options.VerifyChecksums && view.Checksum == 1)"),
        new("P31", "fragments are no segments", "TcpStack.cs", "out var ip) || ip.IsFragment)", "out var ip))"),
        new("P32", "flows belong to a peer", "TcpStack.cs", "else if (connection.Peer != peer)", "else if (connection.Peer == int.MinValue)"),
        new("P33", "a suspended clock expires nothing", "TcpStack.cs", "if (late > SuspendedAfter)", "if (late < 0)"),
        new("P34", "pending SYNs are bounded", "TcpStack.Handshake.cs", "account.Pending >= Options.MaximumPendingPerPeer", "account.Pending < 0"),
    ];
}
