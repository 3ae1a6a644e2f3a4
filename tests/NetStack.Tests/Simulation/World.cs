using Keyhole.Packets;

namespace Keyhole.NetStack.Tests.Simulation;

/// <summary>
/// Two stacks back to back over a network, with conversations between applications of all habits, under one clock. Everything follows
/// from the seed. What it promises: streams arrive byte by byte, nothing stalls, every rule of <see cref="FlowRules"/> holds, and at
/// the end no flow, timer or buffer is left.
/// </summary>
internal sealed class World
{
    private const long Second = 1_000_000;
    private const ushort Port = 443;

    private readonly PriorityQueue<Action, (long At, long Order)> _agenda = new();
    private readonly List<Conversation> _conversations = [];
    private readonly int _seed;
    private readonly bool _ipv6;
    private readonly bool _isFair;
    private readonly string _story;
    private long _order;
    private long _lastProgress;
    private long _turns;

    /// <param name="weather">Instead of a random one.</param>
    /// <param name="sabotage">See <see cref="Simulation.Network.Sabotage"/>.</param>
    /// <param name="configure">Changes the options of both stacks.</param>
    public World(int seed, Weather? weather = null, Func<Memory<byte>, bool, bool>? sabotage = null, Func<StackOptions, StackOptions>? configure = null)
    {
        _seed = seed;
        Random = new Random(seed);
        _ipv6 = Random.Next(2) == 0;
        Now = 1 + Random.NextInt64(20_000 * Second);
        var there = weather ?? Weather.Random(Random);
        var back = weather ?? (Random.Next(2) == 0 ? there : Weather.Random(Random));
        _isFair = there.IsFair && back.IsFair;
        _story = $"there: {there}; back: {back}";
        Network = new Network(Random, there, back) { Sabotage = sabotage };
        A = new Node(this, RandomOptions(configure), isA: true);
        B = new Node(this, RandomOptions(configure), isA: false);
        int count = Random.Next(4) == 0 ? Random.Next(2, 6) : 1;
        for (int i = 0; i < count; i++)
        {
            var conversation = RandomConversation(i);
            _conversations.Add(conversation);
            At(Now + Random.NextInt64(Second), () => (conversation.FromA ? A : B).Connect(conversation));
        }

        if (Random.Next(5) == 0)
            At(Now + Random.NextInt64(3 * Second), () => Block(Random.Next(2) == 0 ? A : B));
    }

    public Random Random { get; }

    public long Now { get; private set; }

    public Network Network { get; }

    public Node A { get; }

    public Node B { get; }

    public void At(long instant, Action action) => _agenda.Enqueue(action, (instant, _order++));

    /// <summary>Something moved that applications can see.</summary>
    public void Progress() => _lastProgress = Now;

    public void Fail(string message) => throw new SimulationException($"KEYHOLE_SEED={_seed} at {Now} µs: {message}\n{_story}\n{string.Join('\n', _conversations)}");

    public FlowKey KeyOf(Conversation conversation)
    {
        var a = _ipv6 ? Wire.Client6 : Wire.Client4;
        var b = _ipv6 ? Wire.Target6 : Wire.Target4;
        ushort port = (ushort)(40_000 + conversation.Number);
        return conversation.FromA ? new FlowKey(IpProtocol.Tcp, a, port, b, Port) : new FlowKey(IpProtocol.Tcp, b, port, a, Port);
    }

    public Conversation ConversationOf(in FlowKey key) => _conversations[key.SourcePort - 40_000];

    /// <exception cref="SimulationException">A promise was broken.</exception>
    public void Run()
    {
        Progress();
        while (Turn())
        {
        }

        foreach (var conversation in _conversations)
            CheckOutcome(conversation);
        CheckEmpty(A, "A");
        CheckEmpty(B, "B");
    }

    private static void CheckRules(World world, Node node)
    {
        foreach (var flow in node.Flows)
        {
            if (FlowRules.Violation(flow, node.IsBlocked) is { } violation)
                world.Fail($"{violation} ({flow.Key} in {flow.TcpState})");
        }
    }

    private bool Turn()
    {
        long agenda = _agenda.TryPeek(out _, out var priority) ? priority.At : long.MaxValue;
        long next = Math.Min(Math.Min(agenda, Network.NextArrival), Math.Min(A.Stack.NextDeadline, B.Stack.NextDeadline));
        if (next == long.MaxValue)
            return false;
        Now = Math.Max(Now, next);
        if (++_turns > 3_000_000)
            Fail("the world does not end");

        // Without loss nothing takes longer than the longest pause of an application and the greatest timeout together. With loss
        // the stack's own patience is ten minutes.
        long patience = (_isFair ? 200 : 900) * Second;
        if (_conversations.Exists(conversation => !conversation.IsOver) && Now - _lastProgress > patience)
            Fail("nothing moves any more");

        while (Network.TryReceive(Now, out byte[] buffer, out int length, out bool toB))
        {
            (toB ? B : A).Stack.Input(buffer.AsSpan(0, length), Node.Peer, Now);
            Network.Return(buffer);
        }

        while (_agenda.TryPeek(out _, out priority) && priority.At <= Now)
            _agenda.Dequeue()();
        Serve(A);
        Serve(B);
        if ((_turns & 7) == 0)
        {
            CheckRules(this, A);
            CheckRules(this, B);
        }

        return true;
    }

    private void Serve(Node node)
    {
        if (node.Stack.NextDeadline <= Now)
            node.Stack.Tick(Now);
        else
            node.Stack.Flush(Now);
    }

    private void CheckOutcome(Conversation conversation)
    {
        if (!conversation.IsOver)
            Fail($"{conversation} never ended");
        var (caller, callee) = (conversation.Caller, conversation.Callee);
        bool both = caller.Reason == CloseReason.Finished && callee.Reason == CloseReason.Finished;
        if (both && conversation.IsPolite && (caller.Read != callee.Written || callee.Read != caller.Written))
            Fail($"{conversation} ended well and is not complete");
        if (_isFair && conversation.IsPolite && !both)
            Fail($"{conversation} had fair weather and did not end well");
        if (_isFair && conversation.Outcome == DialOutcome.Reset && caller.Reason != CloseReason.Refused)
            Fail($"{conversation} was not refused");
        if (_isFair && conversation.Outcome == DialOutcome.Unreachable && caller.Reason != CloseReason.Unreachable)
            Fail($"{conversation} was not told that the target is unreachable");
    }

    private void CheckEmpty(Node node, string name)
    {
        var stack = node.Stack;
        if (stack.FlowCount != 0 || stack.PendingCount != 0 || stack.TimeWaitCount != 0 || stack.BufferBytes != 0 || node.Flows.Count != 0)
            Fail($"{name} keeps {stack.FlowCount} flows, {stack.PendingCount} SYNs, {stack.TimeWaitCount} in TIME-WAIT, {stack.BufferBytes} bytes");
    }

    private void Block(Node node)
    {
        node.IsBlocked = true;
        At(Now + Random.NextInt64(2 * Second), () => node.IsBlocked = false);
    }

    private Conversation RandomConversation(int number)
    {
        var outcome = Random.Next(12) switch { 0 => DialOutcome.Reset, 1 => DialOutcome.Unreachable, 2 when Random.Next(4) == 0 => DialOutcome.Drop, _ => DialOutcome.Accept };
        bool fromA = Random.Next(2) == 0;
        var a = Habits.Random(Random, mayListen: true);
        var b = Habits.Random(Random, mayListen: !a.Listens);
        return new Conversation(this, number, fromA, a, b, outcome, Random.Next(3) == 0 ? Random.NextInt64(4 * Second) : Random.NextInt64(5_000));
    }

    private StackOptions RandomOptions(Func<StackOptions, StackOptions>? configure)
    {
        byte[] secret = new byte[32];
        Random.NextBytes(secret);
        bool Usually() => Random.Next(5) != 0;
        int window = Random.Next(3) == 0 ? Random.Next(4_096, 20_000) : 64 << 10;
        bool scaling = Usually();
        var options = new StackOptions
        {
            Secret = secret,
            Mtu = Random.Next(3) switch { 0 => 1_280, 1 => 1_420, _ => Random.Next(_ipv6 ? 1_280 : 576, 1_500) },
            WindowScaling = scaling,
            Timestamps = Usually(),
            SelectiveAcknowledgement = Usually(),
            FastPath = Random.Next(2) == 0,
            Congestion = Usually() ? CongestionAlgorithm.Cubic : CongestionAlgorithm.NewReno,
            InitialReceiveWindow = window,
            MaximumReceiveWindow = Random.Next(2) == 0 ? window : 1 << 20,

            // A reset that is lost leaves the other end to its probes.
            KeepaliveIdle = !_isFair || Random.Next(4) == 0 ? 60 * Second : long.MaxValue,
        };
        return configure is null ? options : configure(options);
    }
}
