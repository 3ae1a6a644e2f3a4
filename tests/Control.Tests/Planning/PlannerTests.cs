namespace Keyhole.Control.Tests;

public class PlannerTests
{
    [Fact]
    public void A_plan_says_what_changes_and_what_that_means_to_whom()
    {
        var before = Samples.AcmeNetwork();
        var after = Samples.Apply(before, """
            version: 1
            org: acme
            relays: [{ name: vps, endpoint: "198.51.100.7:21820", gateway: true }]
            sites: [{ name: office, connectors: [office-1] }, { name: plant }]
            resources:
              - { name: web, site: office, destination: 192.168.1.20, alias: web.acme.internal, tcp: "443" }
              - { name: plc, site: plant, destination: 10.0.0.0/24, udp: "*" }
            roles: [staff]
            users: [{ email: alice@example.com }]
            external-clients: [{ name: phone, expires: 2027-01-01 }]
            grants:
              - { resource: web, roles: [staff], external-clients: [phone] }
              - { resource: plc, external-clients: [phone] }
            """);
        Assert.Equal(
            """
            ~ relay vps  (endpoint: 203.0.113.10:21820 → 198.51.100.7:21820)
            + site plant
            ~ resource web  (tcp: 80,443,8000-8100 → 443; icmp: true → none)
            + resource plc  (site: plant; destination: 10.0.0.0/24; udp: *)
            ~ user alice@example.com  (roles: staff → none)
            - machine ci
            ~ external-client phone  (expires: none → 2027-01-02T00:00:00Z)
            + grant plc → external-client phone
            - grant web → machine ci

            Access:
              user alice@example.com: loses web;
              machine ci: loses web;
              external-client phone: gains plc; changes web;

            3 to add, 4 to change, 2 to remove.

            """,
            Planner.Compare(before, after).ToText());
    }

    [Fact]
    public void Nothing_to_do_is_said_plainly() =>
        Assert.Equal("Nothing to do: the network is as described.\n", Planner.Compare(Samples.AcmeNetwork(), Samples.AcmeNetwork()).ToText());

    [Fact]
    public void Only_what_takes_something_away_is_a_revocation()
    {
        string Revoked(string from, string to)
        {
            var before = Samples.Apply(NetworkState.Empty, Samples.Acme.Replace("tcp: \"80,443,8000-8100\"", from, StringComparison.Ordinal));
            return Revocations(before, Samples.Apply(before, Samples.Acme.Replace("tcp: \"80,443,8000-8100\"", to, StringComparison.Ordinal)));
        }

        Assert.Equal("", Revoked("tcp: \"22\"", "tcp: \"20-30,80\""));
        Assert.Equal("", Revoked("tcp: \"22\"", "tcp: \"*\""));
        Assert.Equal("web from alice@example.com, ci, phone", Revoked("tcp: \"20-30\"", "tcp: \"20-24,26-30\""));
        Assert.Equal("web from alice@example.com, ci, phone", Revoked("tcp: \"*\"", "tcp: \"\""));
        var state = Samples.AcmeNetwork();
        Assert.Equal("", Revocations(state, Samples.Apply(state, Samples.Acme.Replace("web.acme.internal", "www.acme.internal", StringComparison.Ordinal))));
        Assert.Equal("web from alice@example.com, ci, phone",
            Revocations(state, Samples.Apply(state, Samples.Acme.Replace("192.168.1.20 ", "192.168.1.21 ", StringComparison.Ordinal))));
        string many = string.Join(", ", Enumerable.Range(10, 20).Select(i => $"m{i}"));
        var crowd = Samples.Apply(NetworkState.Empty, Samples.Acme.Replace("machines: [ci]", $"machines: [{many}]", StringComparison.Ordinal));
        Assert.Equal(
            "web from alice@example.com, m10, m11, m12, m13, m14, m15, m16 and 14 more",
            Revocations(crowd, Samples.Apply(crowd, "version: 1\norg: acme\n")));
    }

    [Fact]
    public void A_role_grants_and_revokes_for_its_users()
    {
        var before = Samples.AcmeNetwork();
        var after = Samples.Apply(before, Samples.Acme.Replace("roles: [staff], users: [],", "", StringComparison.Ordinal));
        var change = Assert.Single(Planner.Compare(before, after).Access);
        Assert.Equal(("user", "alice@example.com"), (change.Kind, change.Client));
        Assert.Equal(["web"], change.Loses);
    }

    [Fact]
    public void An_address_that_was_given_back_is_nobodys_for_a_while()
    {
        var state = Samples.AcmeNetwork();
        var phone = state.FindPeer(PeerKind.ExternalClient, "phone")!;
        state = Samples.Apply(state, Samples.Acme.Replace("{ name: phone }", "{ name: tablet }", StringComparison.Ordinal).Replace("[phone]", "[tablet]", StringComparison.Ordinal));
        var tablet = state.FindPeer(PeerKind.ExternalClient, "tablet")!;
        Assert.NotEqual(phone.Ipv4, tablet.Ipv4);
        Assert.NotEqual(phone.Ipv6, tablet.Ipv6);
        state = Samples.Apply(state, Samples.Acme);
        Assert.NotEqual(phone.Ipv4, state.FindPeer(PeerKind.ExternalClient, "phone")!.Ipv4);
    }

    [Fact]
    public void A_client_that_another_takes_the_address_of_gets_a_new_one()
    {
        var state = Samples.AcmeNetwork();
        string address = state.FindPeer(PeerKind.Machine, "ci")!.Ipv4!.ToString();
        string taken = Samples.Acme.Replace("machines: [ci]\n", "", StringComparison.Ordinal).Replace("machines: [ci], ", "", StringComparison.Ordinal)
            .Replace("{ name: phone }", $"{{ name: phone, address: {address} }}", StringComparison.Ordinal);
        state = Samples.Apply(state, taken);
        Assert.Equal(address, state.FindPeer(PeerKind.ExternalClient, "phone")!.Ipv4!.ToString());
    }

    [Fact]
    public void A_pool_starts_over_only_when_it_has_come_to_its_end()
    {
        var pool = new AddressPool(256, 512);
        pool.Reserve(300, 4);
        long cursor = 296;
        var starts = new List<long>();
        while (pool.TryTake(8, ref cursor, out long start))
            starts.Add(start);
        Assert.Equal(31, starts.Count);
        Assert.Equal(31, starts.Distinct().Count());
        Assert.Equal(304, starts[0]);
        Assert.Equal(504, starts[25]);
        Assert.Equal(256, starts[26]);
        Assert.DoesNotContain(296, starts);
        Assert.True(pool.TryTake(4, ref cursor, out long left) && left == 296);
    }

    private static string Revocations(NetworkState before, NetworkState after) => AccessComparison.RevocationsToText(Planner.Compare(before, after).Access);
}
