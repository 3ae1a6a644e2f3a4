using FsCheck;
using FsCheck.Fluent;

namespace Keyhole.Contracts.Tests;

public class TableTests
{
    private static readonly Gen<IReadOnlyList<string>> Words =
        Gen.Elements("a", "b", "c").ListOf().Select(list => (IReadOnlyList<string>)[.. list.Take(3)]);

    private static readonly Gen<Table> Tables =
        from revision in Gen.Choose(1, 1_000_000)
        from sites in Rows(key => Gen.Elements("x", "y").Select(name => new SiteRow(key, name)))
        from relays in Rows(key => from endpoints in Words from gateway in Gen.Elements(true, false) select new RelayRow(key, "r", null, endpoints, gateway))
        from peers in Rows(key => from addresses in Words
                                  from drain in Gen.Elements(true, false)
                                  select new PeerRow(key, PeerKind.Connector, "p", null, null, addresses, 1, false, drain))
        from resources in Rows(key => from port in Gen.Choose(1, 3)
                                      from overlay in Words
                                      select new ResourceRow(key, 1, "w", "10.0.0.1", overlay, null, [new PortRange(port, port)], [], false))
        from grants in Rows(key => from list in Gen.Choose(1, 5).ListOf() select new GrantRow(key, [.. list.Take(3)], []))
        select new Table
        {
            Revision = revision,
            Organisation = "acme",
            Overlay = ["100.64.0.0/10"],
            Relays = relays,
            Sites = sites,
            Peers = peers,
            Resources = resources,
            Grants = grants,
        };

    [Fact]
    public void The_delta_between_two_tables_leads_from_one_to_the_other() => Prop.ForAll(
        Arb.From(Gen.Two(Tables)),
        pair => Sorted(pair.Item1.Apply(TableDelta.Between(pair.Item1, pair.Item2))!).Equals(Sorted(pair.Item2))).QuickCheckThrowOnFailure();

    [Fact]
    public void A_delta_survives_its_JSON() => Prop.ForAll(
        Arb.From(Gen.Two(Tables)),
        pair =>
        {
            var delta = TableDelta.Between(pair.Item1, pair.Item2);
            var read = (DeltaMessage)AgentWire.ReadControlMessage(AgentWire.Write(new DeltaMessage(delta)))!;
            return pair.Item1.Apply(read.Delta)!.Equals(pair.Item1.Apply(delta));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Rows_that_stay_keep_their_order_and_new_ones_follow() => Prop.ForAll(
        Arb.From(Gen.Two(Tables)),
        pair =>
        {
            var (old, to) = (pair.Item1, pair.Item2);
            var after = old.Apply(TableDelta.Between(old, to))!.Peers.Select(row => row.Id).ToList();
            var stayed = old.Peers.Select(row => row.Id).Where(id => to.Peers.Any(row => row.Id == id));
            var arrived = to.Peers.Select(row => row.Id).Where(id => old.Peers.All(row => row.Id != id));
            return after.SequenceEqual(stayed.Concat(arrived));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_delta_applies_at_its_own_revision_only() => Prop.ForAll(
        Arb.From(Gen.Two(Tables)),
        pair =>
        {
            var delta = TableDelta.Between(pair.Item1, pair.Item2);
            return (pair.Item1 with { Revision = pair.Item1.Revision + 1 }).Apply(delta) is null
                && (pair.Item1 with { Revision = pair.Item1.Revision - 1 }).Apply(delta) is null
                && pair.Item1.Apply(delta)!.Revision == pair.Item2.Revision;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Applying_changes_neither_the_table_nor_the_delta()
    {
        var old = new Table { Revision = 1, Organisation = "a", Overlay = [], Sites = [new SiteRow(1, "one"), new SiteRow(2, "two")] };
        var copy = old with { Sites = [.. old.Sites] };
        var after = old.Apply(new TableDelta { FromRevision = 1, Revision = 2, Removals = new TableRemovals { Sites = [1] } })!;
        Assert.Equal(copy, old);
        Assert.Equal([new SiteRow(2, "two")], after.Sites);
    }

    [Fact]
    public void A_delta_without_rows_only_counts_on()
    {
        var old = new Table { Revision = 1, Organisation = "a", Overlay = ["100.64.0.0/10"], Sites = [new SiteRow(1, "one")] };
        Assert.Equal(old with { Revision = 2 }, old.Apply(new TableDelta { FromRevision = 1, Revision = 2 }));
    }

    [Fact]
    public void Equal_tables_give_an_empty_delta() => Prop.ForAll(
        Arb.From(Tables),
        table =>
        {
            var delta = TableDelta.Between(table, table);
            return delta.Upserts is { Relays: [], Sites: [], Peers: [], Resources: [], Grants: [] }
                && delta.Removals is { Relays: [], Sites: [], Peers: [], Resources: [], Grants: [] };
        }).QuickCheckThrowOnFailure();

    private static Gen<List<T>> Rows<T>(Func<int, Gen<T>> row) =>
        Gen.SubListOf(Enumerable.Range(1, 5)).SelectMany(keys => Gen.Shuffle<int>(keys.AsEnumerable())).SelectMany(keys => Gen.CollectToList<int, T>(keys, row));

    private static Table Sorted(Table table) => table with
    {
        Relays = [.. table.Relays.OrderBy(row => row.Id)],
        Sites = [.. table.Sites.OrderBy(row => row.Id)],
        Peers = [.. table.Peers.OrderBy(row => row.Id)],
        Resources = [.. table.Resources.OrderBy(row => row.Id)],
        Grants = [.. table.Grants.OrderBy(row => row.Client)],
    };
}
