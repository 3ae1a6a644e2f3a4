using System.Text;

namespace Keyhole.Contracts.Tests;

public class AgentWireTests
{
    private static readonly Table Sample = new()
    {
        Revision = 7,
        Organisation = "acme",
        Overlay = ["100.64.0.0/10", "fd00:1::/48"],
        Relays = [new RelayRow(1, "vps", null, ["203.0.113.10:21820"], true)],
        Sites = [new SiteRow(2, "office")],
        Peers = [new PeerRow(3, PeerKind.ExternalClient, "phone", "AAAA", "BBBB", ["100.64.0.2"], null, false, false)],
        Resources = [new ResourceRow(4, 2, "web", "192.168.1.20", ["100.64.1.1/32"], "web.acme.internal", [new PortRange(80, 80)], [], true)],
        Grants = [new GrantRow(3, [4], [])],
    };

    public static TheoryData<AgentMessage> FromAgents => new()
    {
        new HelloMessage(AgentKind.Connector, "key=", "0.1.0", 12),
        new AckMessage(12, 1_700_000_000_000, 3),
        new StatusMessage(true, 4, [new SessionStatus("key=", true, "[::1]:21820", 5, 6, 7), new SessionStatus("k2", false, null, null, 0, 0)]),
    };

    public static TheoryData<ControlMessage> FromControl => new()
    {
        new SnapshotMessage(3, Sample),
        new DeltaMessage(new TableDelta { FromRevision = 6, Revision = 7, Upserts = Sample, Removals = new TableRemovals { Peers = [9] } }),
        new DeltaMessage(new TableDelta { FromRevision = 6, Revision = 7 }),
        new CurrentMessage(7),
        new RefusedMessage(RefusalReason.Replaced, "another process uses this ID"),
    };

    [Theory]
    [MemberData(nameof(FromAgents))]
    public void What_an_agent_says_is_read_back(AgentMessage message)
    {
        byte[] json = AgentWire.Write(message);
        Assert.Equal(Text(json), Text(AgentWire.Write(AgentWire.ReadAgentMessage(json)!)));
        Assert.StartsWith("{\"type\":\"", Text(json), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(FromControl))]
    public void What_Control_says_is_read_back(ControlMessage message)
    {
        byte[] json = AgentWire.Write(message);
        Assert.Equal(Text(json), Text(AgentWire.Write(AgentWire.ReadControlMessage(json)!)));
        if (message is SnapshotMessage snapshot)
            Assert.Equal(snapshot.Table, ((SnapshotMessage)AgentWire.ReadControlMessage(json)!).Table);
    }

    [Fact]
    public void A_message_has_one_spelling() =>
        Assert.Equal("""{"type":"hello","kind":"Connector","publicKey":"key=","version":"0.1.0","revision":12}""",
            Text(AgentWire.Write(new HelloMessage(AgentKind.Connector, "key=", "0.1.0", 12))));

    [Theory]
    [Trait("Threat", "30")]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"type":"nothing"}""")]
    [InlineData("""{"kind":"Connector","publicKey":"k","version":"1","revision":1}""")]
    [InlineData("""{"type":"ack","revision":1,"enforcedAt":1,"flowsCut":0,"more":1}""")]
    [InlineData("""{"type":"ack","revision":1,"enforcedAt":1,"flowsCut":0,"revision":2}""")]
    [InlineData("""{"type":"ack","Revision":1,"enforcedAt":1,"flowsCut":0}""")]
    [InlineData("""{"type":"ack","revision":"1","enforcedAt":1,"flowsCut":0}""")]
    [InlineData("""{"type":"ack","revision":1,"enforcedAt":1}""")]
    [InlineData("""{"type":"ack","revision":1,"enforcedAt":1,"flowsCut":0} {}""")]
    [InlineData("""{"type":"ack","revision":1,"enforcedAt":1,"flowsCut":0,}""")]
    [InlineData("""{"type":"hello","kind":"Connector","publicKey":null,"version":"1","revision":1}""")]
    [InlineData("""{"type":"hello","kind":"Emperor","publicKey":"k","version":"1","revision":1}""")]
    [InlineData("""{"type":"snapshot","agent":1,"table":{}}""")]
    [InlineData("""{"type":"status","draining":false,"flows":0,"sessions":[null]}""")]
    [InlineData("""{"type":"status","draining":false,"flows":0,"sessions":[{"publicKey":"k","live":true,"endpoint":null,"lastHandshakeAt":null,"bytesReceived":0,"bytesSent":0},null]}""")]
    public void What_breaks_the_rules_is_refused(string json) => Assert.Null(AgentWire.ReadAgentMessage(Encoding.UTF8.GetBytes(json)));

    [Fact]
    [Trait("Threat", "30")]
    public void What_is_too_long_is_refused_before_it_is_parsed()
    {
        byte[] json = AgentWire.Write(new AckMessage(1, 2, 3));
        byte[] padded = new byte[AgentWire.MaximumAgentMessageLength + 1];
        padded.AsSpan().Fill((byte)' ');
        json.CopyTo(padded, 0);
        Assert.Null(AgentWire.ReadAgentMessage(padded));
        Assert.NotNull(AgentWire.ReadAgentMessage(padded.AsSpan(0, AgentWire.MaximumAgentMessageLength)));
    }

    [Fact]
    [Trait("Threat", "30")]
    public void What_is_too_deep_is_refused()
    {
        string json = """{"type":"status","draining":false,"flows":0,"sessions":""" + new string('[', 10_000) + new string(']', 10_000) + "}";
        Assert.Null(AgentWire.ReadAgentMessage(Encoding.UTF8.GetBytes(json)));
    }

    [Fact]
    [Trait("Threat", "16")]
    public void A_peer_row_does_not_print_its_preshared_key() => Assert.DoesNotContain("BBBB", Sample.Peers[0].ToString(), StringComparison.Ordinal);

    private static string Text(byte[] json) => Encoding.UTF8.GetString(json);
}
