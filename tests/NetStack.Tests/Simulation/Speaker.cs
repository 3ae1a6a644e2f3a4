namespace Keyhole.NetStack.Tests.Simulation;

/// <summary>The application at one end of a conversation.</summary>
internal sealed class Speaker(World world, Conversation conversation, Habits habits, bool atA)
{
    private bool _rested;
    private bool _isAwakeSet;

    public Habits Habits => habits;

    public TcpFlow? Flow { get; set; }

    public Speaker Other => atA ? conversation.B : conversation.A;

    public long Written { get; private set; }

    public long Read { get; private set; }

    public bool IsOver { get; private set; }

    public CloseReason Reason { get; private set; }

    /// <summary>The end of the other's stream was seen and everything before it read.</summary>
    public bool SawEnd { get; private set; }

    private int Salt => (conversation.Number * 7_919) + (atA ? 0 : 104_729);

    public void Wake()
    {
        if (_isAwakeSet || IsOver)
            return;
        _isAwakeSet = true;
        long pause = habits.Pause == 0 ? 0 : world.Random.NextInt64(habits.Pause);
        if (!_rested && habits.Rest > 0 && Read + Written > habits.Length / 2)
        {
            _rested = true;
            pause += habits.Rest;
        }

        world.At(world.Now + pause, Act);
    }

    public void Closed(CloseReason reason)
    {
        IsOver = true;
        Reason = reason;
        Flow = null;
        world.Progress();
    }

    private void Act()
    {
        _isAwakeSet = false;
        if (Flow is null || IsOver)
            return;
        bool more = TakeIn();
        if (habits.AbortAfter >= 0 && Read + Written >= habits.AbortAfter)
        {
            Flow.Abort();
            return;
        }

        more |= Say();
        if (more)
            Wake();
    }

    private bool TakeIn()
    {
        int budget = habits.LargestRead;
        while (budget > 0)
        {
            var span = Flow!.PeekReceive();
            if (span.IsEmpty)
                break;
            int length = Math.Min(budget, span.Length);
            if (!Noise.Fits(span[..length], Other.Salt, Read))
                world.Fail($"{conversation} reads wrong bytes after {Read}");
            Flow.Consume(length);
            Read += length;
            budget -= length;
            world.Progress();
        }

        if (Read > Other.Written)
            world.Fail($"{conversation} reads {Read} bytes of {Other.Written}");
        SawEnd |= Flow!.ReceiveFinished;
        return Flow.ReceiveLength > 0;
    }

    private bool Say()
    {
        if (habits.Listens && !SawEnd)
            return false;
        int budget = habits.LargestWrite;
        while (budget > 0 && Written < habits.Length)
        {
            var span = Flow!.GetSendSpan();
            if (span.IsEmpty)
                return false;
            int length = (int)Math.Min(Math.Min(budget, span.Length), habits.Length - Written);
            Noise.Write(span[..length], Salt, Written);
            Flow.Commit(length);
            Written += length;
            budget -= length;
            world.Progress();
        }

        if (Written < habits.Length)
            return true;
        if (habits.IsRude)
            Flow!.Close();
        else
            Flow!.CloseSend();
        return false;
    }
}
