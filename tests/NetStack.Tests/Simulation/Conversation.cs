namespace Keyhole.NetStack.Tests.Simulation;

/// <summary>One connection between the two nodes, and what the host at the far end does with its SYN.</summary>
internal sealed class Conversation
{
    public Conversation(World world, int number, bool fromA, Habits a, Habits b, DialOutcome outcome, long dialTime)
    {
        Number = number;
        FromA = fromA;
        Outcome = outcome;
        DialTime = dialTime;
        A = new Speaker(world, this, a, atA: true);
        B = new Speaker(world, this, b, atA: false);
    }

    public int Number { get; }

    /// <summary>A connects; else B does.</summary>
    public bool FromA { get; }

    public DialOutcome Outcome { get; }

    public long DialTime { get; }

    public Speaker A { get; }

    public Speaker B { get; }

    public Speaker Caller => FromA ? A : B;

    public Speaker Callee => FromA ? B : A;

    public bool WasAccepted { get; set; }

    /// <summary>Nobody meant to end it early.</summary>
    public bool IsPolite => Outcome == DialOutcome.Accept && A.Habits is { AbortAfter: < 0, IsRude: false } && B.Habits is { AbortAfter: < 0, IsRude: false };

    public bool IsOver => Caller.IsOver && (!WasAccepted || Callee.IsOver);

    public override string ToString() =>
        $"conversation {Number} ({(FromA ? "A to B" : "B to A")}, {Outcome}; A wrote {A.Written} of {A.Habits.Length}, read {A.Read}, {A.Reason}; B wrote {B.Written} of {B.Habits.Length}, read {B.Read}, {B.Reason})";
}
