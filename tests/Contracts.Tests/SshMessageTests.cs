using System.Text;

namespace Keyhole.Contracts.Tests;

public class SshMessageTests
{
    private static readonly SshRow Row = new(3, new string('a', 32), new SshDaemon("10.0.0.7", 22123, null), ["ssh-ed25519 AAAA"], [1, 4], [17], []);

    [Fact]
    public void Orders_and_answers_survive_the_wire()
    {
        var order = new SshProvisionMessage(9, 3, new SshAccountOrder(4, "ada", "ada@example.com", "/bin/sh", "/srv/home", "key"));
        var read = Assert.IsType<SshProvisionMessage>(AgentWire.ReadControlMessage(AgentWire.Write((ControlMessage)order)));
        Assert.Equal(order, read);
        AgentMessage[] answers = [new SshProvisionedMessage(9, new SshAccount("ada", "principal", null), null), new SshHostMessage(3, ["ssh-ed25519 AAAA"], [], null, "away")];
        Assert.All(answers, answer => Assert.Equal(AgentWire.Write(answer), AgentWire.Write(AgentWire.ReadAgentMessage(AgentWire.Write(answer))!)));
    }

    [Fact]
    public void A_row_that_changed_travels_alone_and_one_that_went_by_its_resource()
    {
        var old = new Table { Revision = 1, Organisation = "acme", Overlay = [], Ssh = [Row, Row with { Resource = 4 }] };
        var to = old with { Revision = 2, Ssh = [Row with { Users = [1] }] };
        var delta = TableDelta.Between(old, to);
        Assert.Equal([Row with { Users = [1] }], delta.Upserts!.Ssh);
        Assert.Equal([4], delta.Removals!.Ssh);
        Assert.Equal(to, old.Apply(delta));
    }

    [Fact]
    public void A_row_whose_rights_changed_is_another_row_and_a_lineage_stays_until_another_is_named()
    {
        var full = Row with { Sudo = new SshSudo(SshSudoMode.Commands, ["/usr/bin/id"]), Groups = ["docker"], Connectors = ["key"] };
        var same = Row with { Sudo = new SshSudo(SshSudoMode.Commands, ["/usr/bin/id"]), Groups = ["docker"], Connectors = ["key"] };
        Assert.Equal(full, same);
        SshRow[] others = [Row, full with { Sudo = null }, full with { Groups = [] }, full with { Connectors = [] }, full with { Site = 2 }, full with { Sudo = new SshSudo(SshSudoMode.Commands, ["/usr/bin/who"]) }];
        Assert.All(others, other => Assert.NotEqual(full, other));

        var old = new Table { Revision = 1, Lineage = "first", Organisation = "acme", Overlay = [], Ssh = [Row] };
        var to = old with { Revision = 2, Lineage = "second", Ssh = [full] };
        Assert.Equal(to, old.Apply(TableDelta.Between(old, to)));
        Assert.Equal("first", old.Apply(new TableDelta { FromRevision = 1, Revision = 2 })!.Lineage);
        Assert.NotEqual(old, old with { Lineage = "second" });
    }

    [Fact]
    public void A_table_without_SSH_is_read_as_before()
    {
        string json = """{"type":"snapshot","agent":1,"table":{"revision":1,"organisation":"acme","overlay":[]}}""";
        var read = Assert.IsType<SnapshotMessage>(AgentWire.ReadControlMessage(Encoding.UTF8.GetBytes(json)));
        Assert.Equal(new Table { Revision = 1, Organisation = "acme", Overlay = [] }, read.Table);
        Assert.Empty(read.Table.Ssh);
        Assert.NotEmpty(AgentWire.Write(read));
    }
}
