namespace Keyhole.NetStack;

// Taking back what a spurious recovery did (RFC 4015, RFC 3708, RFC 5682).
internal static partial class LossRecovery
{
    /// <summary>Something is transmitted again: what tells later whether that was needless.</summary>
    public static void NoteRetransmission(TcpFlow flow, long now)
    {
        if (!flow.CanUndo)
            return;
        flow.UndoRetransmissions++;
        if (flow.HasRetransmitStamp)
            return;
        flow.HasRetransmitStamp = true;
        flow.RetransmitStamp = flow.TimestampAt(now);
    }

    private static void BeginUndo(TcpFlow flow)
    {
        flow.CanUndo = true;
        flow.UndoMarker = flow.SndUna;
        flow.UndoRetransmissions = 0;
        flow.UndoWindow = flow.Window.Size;
        flow.UndoThreshold = flow.Window.SlowStartThreshold;
        flow.HasRetransmitStamp = false;
    }

    // Eifel: the acknowledgement echoes a timestamp from before the first retransmission. D-SACK: every retransmission arrived twice.
    private static bool TryUndo(TcpFlow flow, in Segment segment, in AckSample sample)
    {
        if (!flow.CanUndo || !flow.HasRetransmitStamp)
            return false;
        bool echoPredates = sample.Advanced
            && flow.TimestampsOn
            && segment.HasTimestamps
            && segment.TimestampEchoReply != 0
            && Seq.Less(segment.TimestampEchoReply, flow.RetransmitStamp);
        bool allDuplicates = sample.Duplicate && flow.UndoRetransmissions == 0;
        if (!echoPredates && !allDuplicates)
            return false;
        Undo(flow);
        return true;
    }

    private static void Undo(TcpFlow flow)
    {
        flow.Scoreboard.UndoLost();
        flow.Window.Size = Math.Max(flow.Window.Size, flow.UndoWindow);
        flow.Window.SlowStartThreshold = Math.Max(flow.Window.SlowStartThreshold, flow.UndoThreshold);
        flow.Congestion.OnUndo();
        flow.CanUndo = false;
        flow.Backoff = 0;
        flow.Recovery = RecoveryState.Open;
        flow.RecoveryPoint = flow.SndUna;
        flow.ForwardProbe = flow.ForwardProbeSent = false;
        flow.DuplicateAcks = 0;
    }
}
