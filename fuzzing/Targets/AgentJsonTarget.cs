using System.Text;
using Keyhole.Contracts;

namespace Keyhole.Fuzz;

/// <summary>JSON between agents and Control: what is read is written and read again as the same.</summary>
internal sealed class AgentJsonTarget : IFuzzTarget
{
    private const string Key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    public string Name => "agent-json";

    public string Door => "a WebSocket message to AgentWire, as Control reads agents and as agents read Control";

    public int MaximumLength => 8192;

    public IEnumerable<(string Name, byte[] Input)> Seeds
    {
        get
        {
            yield return ("hello", AgentWire.Write(new HelloMessage(AgentKind.Connector, Key, "0.1.0", 7)));
            yield return ("ack", AgentWire.Write(new AckMessage(7, 1_700_000_000_000, 2)));
            yield return ("status", AgentWire.Write(new StatusMessage(false, 3, [new SessionStatus(Key, true, "192.0.2.1:21820", 5, 10, 20)])));
            yield return ("snapshot", AgentWire.Write(new SnapshotMessage(1, SampleTable())));
            yield return ("delta", AgentWire.Write(new DeltaMessage(SampleDelta())));
            yield return ("current", AgentWire.Write(new CurrentMessage(9)));
            yield return ("refused", AgentWire.Write(new RefusedMessage(default, "no such agent")));
            yield return ("deep", Encoding.UTF8.GetBytes(new string('[', 400) + new string(']', 400)));
            yield return ("unknown-member", """{"type":"current","revision":1,"other":2}"""u8.ToArray());
            yield return ("repeated-member", """{"type":"current","revision":1,"revision":2}"""u8.ToArray());
        }
    }

    public ulong Run(Span<byte> input)
    {
        var outcome = new Outcome();
        if (AgentWire.ReadAgentMessage(input) is { } agent)
        {
            outcome.Add(agent.GetType().Name[0] + 1000);
            Promise.Holds(AgentWire.Write(AgentWire.ReadAgentMessage(AgentWire.Write(agent))!).AsSpan().SequenceEqual(AgentWire.Write(agent)));
        }

        if (AgentWire.ReadControlMessage(input) is { } control)
        {
            outcome.Add(control.GetType().Name[0]);
            Promise.Holds(AgentWire.Write(AgentWire.ReadControlMessage(AgentWire.Write(control))!).AsSpan().SequenceEqual(AgentWire.Write(control)));
            if (control is DeltaMessage { Delta: var delta })
                outcome.Add(SampleTable().Apply(delta) is not null);
        }

        return outcome.Value;
    }

    private static Table SampleTable() => new()
    {
        Revision = 7,
        Organisation = "acme",
        Overlay = ["100.64.0.0/10"],
        Relays = [new RelayRow(1, "vps", Key, ["203.0.113.10:21820"], true)],
        Sites = [new SiteRow(1, "office")],
        Peers = [new PeerRow(2, default, "phone", Key, null, ["100.64.0.2/32"], null, true, false)],
        Resources = [new ResourceRow(3, 1, "web", "192.168.1.20", ["100.64.0.9"], "web.acme.internal", [new PortRange(80, 80)], [], true)],
        Grants = [new GrantRow(2, [3], [])],
    };

    private static TableDelta SampleDelta() => new()
    {
        FromRevision = 7,
        Revision = 8,
        Upserts = SampleTable() with { Revision = 8 },
        Removals = null,
    };
}
