namespace Keyhole.NetStack.Tests.Scripts;

internal sealed partial class Script
{
    private bool HasReset => Events.Contains("reset");

    // From then on the stack answers for TIME-WAIT or for nobody.
    private bool IsClosed { get; set; }

    /// <summary>
    /// The peer connects, offering these options, and the target answers. Without window scaling, SACK and timestamps unless they
    /// are named, so that windows are what stands in the segment.
    /// </summary>
    /// <param name="rtt">Milliseconds until the answer to what the stack sends.</param>
    public Script Establish(string options = "mss 1000", int window = 65_535, long rtt = 0)
    {
        PeerWindow = window;
        if (Stack.Counters.SynsOffered == 0)
            Start();
        In($"S 0 win {window} <{options}>");
        Out("S. 0 ack 1");
        Check(Stack.Counters.SynsOffered > 1 || IsPrimed, $"the initial sequence number is {OurIsn:X8}, not a hash and a 4 µs clock");
        Quiet(rtt);
        In($". 1 ack 1 win {window}");
        Nothing();
        Check(Flow.TcpState == TcpState.Established, $"the flow is {Flow.TcpState}");
        Events.Clear();
        return this;
    }

    /// <summary>The stack connects to the peer, which answers with these options.</summary>
    public Script Connect(string options = "mss 1000", int window = 65_535, long rtt = 0)
    {
        PeerWindow = window;
        StartConnect();
        Quiet(rtt);
        In($"S. 0 ack 1 win {window} <{options}>");
        Out(". 1 ack 1");
        Check(Flow.TcpState == TcpState.Established, $"the flow is {Flow.TcpState}");
        Events.Clear();
        return this;
    }

    /// <summary>The SYN of the stack's own connection is out.</summary>
    public void StartConnect()
    {
        Prime(active: true);
        Flow = Stack.Connect(Key.Reverse(), Peer, Now) ?? throw new InvalidOperationException("Connect refused.");
        Flush();
        Out("S 0");
        Check(IsPrimed, $"the initial sequence number is {OurIsn:X8}, not a hash and a 4 µs clock");
    }

    /// <summary>
    /// Waits until the stack would choose the initial sequence number of the variant: RFC 6528 adds a 4 µs clock to a hash, and the
    /// script owns the clock.
    /// </summary>
    public void Start() => Prime(active: false);

    /// <summary>Another connection from the same peer: numbers count from its own initial ones.</summary>
    public void Another(ushort peerPort, uint peerIsn)
    {
        PeerPort = peerPort;
        PeerIsn = peerIsn;
        _rules.Reset();
        _timestamps = false;
        _written = _read = _lastAck = HighestSent = 0;
        Events.Clear();
        IsClosed = false;
    }

    /// <summary>The target sends: the bytes are queued, and flushed.</summary>
    public void Write(int length)
    {
        Queue(length);
        Flush();
    }

    /// <summary>As <see cref="Write"/>, without the flush.</summary>
    public void Queue(int length)
    {
        while (length > 0)
        {
            var span = Flow.GetSendSpan();
            if (span.IsEmpty)
                Fail($"{length} bytes found no room");
            int now = Math.Min(length, span.Length);
            Pattern.FromUs(span[..now], _written + 1);
            _written += now;
            Flow.Commit(now);
            length -= now;
        }
    }

    /// <summary>The target takes bytes, which are compared, and the window is flushed.</summary>
    public void Read(int length)
    {
        Take(length);
        Flush();
    }

    public void ReadAll() => Read(Flow.ReceiveLength);

    public void CloseSend()
    {
        Flow.CloseSend();
        Flush();
    }

    public void Close()
    {
        Flow.Close();
        Flush();
    }

    public void Abort()
    {
        Flow.Abort();
        Flush();
    }

    /// <summary>Twenty segments in sequence, read at once: the acknowledgements that a young flow sends at once are used up.</summary>
    /// <returns>The sequence number that comes next.</returns>
    public long PastQuickAcks()
    {
        long seq = 1;
        for (int i = 0; i < 20; i++, seq += OurMss)
        {
            In($". {seq}({OurMss}) ack 1");
            ReadAll();
            Wait(600);
            Drain();
        }

        Events.Clear();
        return seq;
    }

    /// <summary>The next call that the host got.</summary>
    public void Event(string name)
    {
        if (Events.Count == 0 || Events[0] != name)
            Fail($"expected the host to be told '{name}', not {(Events.Count == 0 ? "nothing" : $"'{Events[0]}'")}");
        Events.RemoveAt(0);
    }

    void IFlowHost.OnSyn(PendingSyn syn)
    {
        SynsOffered++;
        Pending = syn;
        if (AutoAccept)
            Flow = syn.Accept() ?? throw new InvalidOperationException("A fresh SYN was not pending.");
    }

    void IFlowHost.OnSynAbandoned(PendingSyn syn) => Events.Add("abandoned");

    void IFlowHost.OnConnected(TcpFlow flow) => Events.Add("connected");

    void IFlowHost.OnReadable(TcpFlow flow)
    {
        if (!AutoRead)
            Events.Add("readable");
        else
            Take(flow.ReceiveLength);
    }

    void IFlowHost.OnSendSpace(TcpFlow flow) => Events.Add("space");

    void IFlowHost.OnPeerFin(TcpFlow flow) => Events.Add("fin");

    void IFlowHost.OnPeerReset(TcpFlow flow) => Events.Add("reset");

    void IFlowHost.OnClosed(TcpFlow flow)
    {
        Events.Add("closed " + flow.CloseReason);
        IsClosed = true;
    }

    private void Take(int length)
    {
        while (length > 0)
        {
            var span = Flow.PeekReceive();
            if (span.IsEmpty)
                Fail($"{length} bytes more were to be read");
            int now = Math.Min(length, span.Length);
            if (Pattern.FirstDifferenceFromPeer(span[..now], _read + 1) is >= 0 and var at)
                Fail($"byte {_read + 1 + at} of the peer's stream is wrong");
            _read += now;
            Flow.Consume(now);
            length -= now;
        }
    }

    private void Prime(bool active)
    {
        if (Variant == Variant.Ordinary)
            return;
        var probe = new IsnProbe(Options, Peer);
        uint here = active ? probe.OfConnect(Key.Reverse(), Now) : probe.OfAccept(Key, Now);
        Now += (long)(PeerIsn - here) * 4;
    }

    private bool IsPrimed => Variant == Variant.Ordinary || OurIsn == PeerIsn;
}
