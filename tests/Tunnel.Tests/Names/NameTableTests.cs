using FsCheck;
using FsCheck.Fluent;
using Keyhole.Contracts;
using Keyhole.Packets;

namespace Keyhole.Tunnel.Tests.Names;

public sealed class NameTableTests
{
    [Fact]
    [Trait("Promise", "A1")]
    public void Without_a_grant_there_is_no_name()
    {
        Assert.Empty(NameTable.None.Entries);
        Assert.Empty(NameTable.None.Suffixes);
        Assert.Null(NameTable.None.Find("web.acme.internal"));
        Assert.Null(NameTable.None.Find(""));
        Assert.Null(NameTable.None.Find("."));
    }

    [Fact]
    public void A_host_that_is_reached_past_the_tunnel_has_no_name_in_it_whatever_alias_covers_it()
    {
        var table = Table("*.acme.example", "vpn.acme.example").Without(["Control.acme.example.", "vpn.acme.example", "203.0.113.10"]);
        foreach (string name in new[] { "control.acme.example", "CONTROL.acme.example.", "vpn.acme.example" })
            Assert.Null(table.Find(name));
        Assert.NotNull(table.Find("web.acme.example"));
        Assert.NotNull(table.Find("x.control.acme.example"));
        Assert.Equal(2, table.Entries.Count);
    }

    [Fact]
    public void A_name_leads_to_the_overlay_addresses_in_either_case_and_with_the_last_dot()
    {
        var table = Table("web.acme.internal");
        foreach (string name in new[] { "web.acme.internal", "WEB.Acme.internal", "web.acme.internal." })
        {
            var found = table.Find(name);
            Assert.Equal((IpAddress.Parse("100.96.0.1"), IpAddress.Parse("fd00::1")), (found!.Ipv4!.Value, found.Ipv6!.Value));
        }

        Assert.Null(table.Find("b.web.acme.internal"));
        Assert.Null(table.Find("acme.internal"));
        Assert.Null(table.Find("web.acme.internal.."));
        Assert.Null(table.Find(new string('a', 300)));
        Assert.Equal("web.acme.internal", table.Find(IpAddress.Parse("100.96.0.1"))!.Alias);
        Assert.Equal("web.acme.internal", table.Find(IpAddress.Parse("fd00::1"))!.Alias);
        Assert.Null(table.Find(IpAddress.Parse("100.96.0.2")));
    }

    [Theory]
    [InlineData("*.apps.acme", "x.apps.acme", true)]
    [InlineData("*.apps.acme", "y.x.apps.acme", true)]
    [InlineData("*.apps.acme", "apps.acme", false)]
    [InlineData("*.apps.acme", "xapps.acme", false)]
    [InlineData("web-*.acme", "web-.acme", true)]
    [InlineData("web-*.acme", "web-eu-1.acme", true)]
    [InlineData("web-*.acme", "web-eu.x.acme", false)]
    [InlineData("web-?.acme", "web-1.acme", true)]
    [InlineData("web-?.acme", "web-12.acme", false)]
    [InlineData("web-?.acme", "web-.acme", false)]
    [InlineData("*-db-?.*.acme", "eu-db-1.prod.acme", true)]
    [InlineData("*-db-?.*.acme", "eu-db-1.acme", false)]
    [InlineData("*.*.acme", "a.b.acme", true)]
    [InlineData("*.*.acme", "a.acme", false)]
    [InlineData("a*b*c.acme", "aXbYbc.acme", true)]
    [InlineData("a*b*c.acme", "aXbYb.acme", false)]
    public void Wildcards_stand_for_what_they_stand_for(string alias, string name, bool matches)
    {
        var table = Table(alias);
        Assert.Equal(matches, table.Find(name) is not null);
        Assert.Equal("acme", Assert.Single(table.Suffixes).Split('.')[^1]);
        Assert.Empty(table.Addresses);
    }

    [Fact]
    public void The_more_exact_alias_wins()
    {
        var table = Table("*.acme", "*.apps.acme", "web-*.apps.acme", "web-1.apps.acme", "?.apps.acme");
        Assert.Equal("web-1.apps.acme", table.Find("web-1.apps.acme")!.Alias);
        Assert.Equal("web-*.apps.acme", table.Find("web-2.apps.acme")!.Alias);
        Assert.Equal("*.apps.acme", table.Find("db.apps.acme")!.Alias);
        Assert.Equal("*.acme", table.Find("db.acme")!.Alias);
        Assert.Equal(["acme"], table.Suffixes);
        Assert.Equal(["apps.acme", "db.acme"], Table("db.acme", "*.apps.acme", "web.apps.acme").Suffixes);
    }

    [Fact]
    public void What_is_no_name_and_what_has_no_single_address_is_left_out()
    {
        Assert.Empty(Table("a..b", "a b.acme", "a\n.acme", "*", "acme.*", new string('a', 64) + ".acme", "ä.acme", "-:-").Entries);
        var subnet = new ResourceRow(1, 1, "lan", "192.168.1.0/24", ["100.96.1.0/24"], "lan.acme", [], [], true);
        Assert.Empty(new NameTable([subnet, subnet with { Alias = null }]).Entries);
        Assert.Single(new NameTable([subnet, subnet with { Id = 2, Overlay = ["100.96.2.1/32"] }, subnet with { Id = 3, Overlay = ["100.96.2.2/32"] }]).Entries);
    }

    [Fact]
    public void Wildcards_match_as_the_naive_twin_says()
    {
        var letters = Gen.Elements('a', 'b', '*', '?', '.');
        var texts = Gen.ArrayOf(letters, 8).Select(array => new string(array));
        int matched = 0;
        Prop.ForAll(texts.SelectMany(alias => texts.Select(name => (alias + ".z", name.Replace('*', 'a').Replace('?', 'b') + ".z"))).ToArbitrary(), pair =>
        {
            var (alias, name) = pair;
            var table = Table(alias);
            if (table.Entries.Count == 0)
                return true;
            bool found = table.Find(name) is not null;
            matched += found ? 1 : 0;
            return found == Naive(alias.Split('.'), name.Split('.'));
        }).Check(Seeded.Runs(5000));
        Assert.True(matched > 20);
    }

    private static bool Naive(string[] alias, string[] name)
    {
        if (name.Any(label => label.Length == 0))
            return false;
        if (alias[0] == "*" && name.Length > alias.Length)
            name = [string.Concat(name[..^(alias.Length - 1)]), .. name[^(alias.Length - 1)..]];
        return name.Length == alias.Length && alias.Zip(name).All(pair => Label(pair.First, pair.Second));

        static bool Label(string pattern, string label) => pattern.Length == 0 ? label.Length == 0
            : pattern[0] == '*' ? Label(pattern[1..], label) || (label.Length > 0 && Label(pattern, label[1..]))
            : label.Length > 0 && (pattern[0] == '?' || pattern[0] == label[0]) && Label(pattern[1..], label[1..]);
    }

    private static NameTable Table(params string[] aliases) => new(aliases.Select((alias, index) =>
        new ResourceRow(index + 1, 1, $"r{index}", "192.168.1.20", [$"100.96.0.{index + 1}/32", $"fd00::{index + 1}/128"], alias, [], [], true)));
}
