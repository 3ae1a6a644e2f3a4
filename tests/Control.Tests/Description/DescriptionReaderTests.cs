using System.Net;

namespace Keyhole.Control.Tests;

public class DescriptionReaderTests
{
    [Fact]
    public void The_file_of_the_documentation_is_read_as_it_is_meant()
    {
        var network = Samples.Read(Samples.Acme);
        Assert.Equal("acme", network.Organisation);
        Assert.Equal([new RelayDescription("vps", ["203.0.113.10:21820"], [], true)], network.Relays);
        Assert.Equal([new ConnectorDescription("office-1", "office", null)], network.Connectors);
        Assert.Equal(
            [new ResourceDescription("web", "office", new Destination("192.168.1.20"), "web.acme.internal", [new(80, 80), new(443, 443), new(8000, 8100)], [], true)],
            network.Resources);
        Assert.Equal([new UserDescription("alice@example.com", ["staff"])], network.Users);
        Assert.Equal([new MachineDescription("ci", null)], network.Machines);
        Assert.Equal(3, network.Grants.Count);
    }

    [Fact]
    public void Roles_may_hold_permissions_and_the_fixed_ones_need_not_be_written()
    {
        const string Text = """
            version: 1
            org: acme
            roles: [staff, Admin, { name: helpdesk, permissions: ["users:read", "devices:write"] }]
            users:
              - { email: alice@example.com, roles: [OWNER, helpdesk] }
            """;
        var description = Samples.Read(Text);
        Assert.Equal([new RoleDescription("staff", []), new RoleDescription("helpdesk", ["users:read", "devices:write"])], description.Roles);
        Assert.Equal(["owner", "helpdesk"], Assert.Single(description.Users).Roles);
        var state = Samples.Apply(NetworkState.Empty, Text);
        var alice = state.FindUser("Alice@example.com")!;
        Assert.True(state.May(alice, Permissions.OrganisationDelete));
        Assert.Contains("  permissions: [\"users:read\", \"devices:write\"]", DescriptionWriter.Write(state).Replace("helpdesk,", " ", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Equal(state, Samples.Apply(state, DescriptionWriter.Write(state)));
        DescriptionReader.Read("version: 1\norg: acme\nroles: [{ name: owner, permissions: [] }, { name: x, permissions: [\"site:read\", \"users:read\", \"users:read\"] }]\nusers: [{ email: a@b.c, roles: [ownr] }]", NetworkState.Empty, out var found);
        Assert.Equal(
            [
                "n:3:37: roles[0].permissions: what the role owner may do is fixed; leave the key out, or use another name",
                "n:3:68: roles[1].permissions[0]: \"site:read\": no permission has this name; did you mean \"sites:read\"?",
                "n:3:95: roles[1].permissions[2]: \"users:read\": this is in the list twice; keep one of them",
                "n:4:33: users[0].roles[0]: \"ownr\": no role has this name; did you mean \"owner\"?",
            ],
            found.Select(finding => finding.ToText("n")));
    }

    [Fact]
    [Trait("Promise", "C13")]
    public void Servers_for_other_names_are_addresses_and_only_relays_hear_of_them()
    {
        string text = Samples.Acme.Replace("gateway: true", "gateway: true, dns-forward: [192.0.2.53, \"192.0.2.53:53\", \"192.0.2.54:5353\", \"[2001:db8::53]:54\"]", StringComparison.Ordinal);
        Assert.Equal(["192.0.2.53:53", "192.0.2.54:5353", "[2001:db8::53]:54"], Samples.Read(text).Relays[0].DnsForward);
        var state = Samples.Apply(NetworkState.Empty, text);
        Assert.Equal(state, Samples.Apply(state, DescriptionWriter.Write(state)));
        var network = new CompiledNetwork(state, _ => null, Samples.Lineage);
        var names = network.TableOf(new Agent(AgentKind.Relay, state.Relays[0].Id)).Relays[0].Names!;
        Assert.Equal(state.Relays[0].DnsForward, names.Forward);
        Assert.Equal("100.64.0.53", names.Addresses[0]);
        Assert.EndsWith(":1::53", names.Addresses[1], StringComparison.Ordinal);
        foreach (var agent in network.Agents.Where(agent => agent.Kind != AgentKind.Relay))
            Assert.All(network.TableOf(agent).Relays, relay => Assert.Null(relay.Names));

        foreach (string bad in new[] { "dns.example.com", "192.0.2.53:0", "192.0.2.53:70000", "224.0.0.1", "0.0.0.0", "\"[2001:db8::53]\"", "\"192.0.2.53\\n192.0.2.54\"", "[a, b, c, d]" })
        {
            DescriptionReader.Read(Samples.Acme.Replace("gateway: true", $"gateway: true, dns-forward: {bad}", StringComparison.Ordinal), NetworkState.Empty, out var found);
            Assert.All(found, finding => Assert.StartsWith("relays[0].dns-forward", finding.Path, StringComparison.Ordinal));
            Assert.NotEmpty(found);
        }
    }

    [Theory]
    [InlineData("name: \"phone\\nPostUp = evil\"")]
    [InlineData("name: \"phone\\r\"")]
    [InlineData("name: \"phone]\\u2028[Peer]\"")]
    [InlineData("name: \"phone#\"")]
    [InlineData("name: phone, dns: \"192.168.1.1\\nPostUp = evil\"")]
    [InlineData("name: phone, dns: \"192.168.1.1, 192.168.1.2\"")]
    [InlineData("name: phone, dns: \"fe80::1%eth0\"")]
    [InlineData("name: phone, address: \"100.64.1.9\\n\"")]
    [InlineData("name: phone, public-key: \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\\n\"")]
    [Trait("Threat", "36")]
    public void Nothing_of_an_external_client_can_add_a_line_to_its_configuration(string client)
    {
        DescriptionReader.Read($"version: 1\norg: acme\nexternal-clients:\n  - {{ {client} }}\n", NetworkState.Empty, out var found);
        Assert.StartsWith("external-clients[0]", Assert.Single(found).Path, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("- { name: a, address: 100.64.1.9 }\n  - { name: b, address: 100.64.1.9 }")]
    [InlineData("- { name: a, public-key: \"KEY\" }\n  - { name: b, public-key: \"KEY\" }")]
    [InlineData("- { name: a }\n  - { name: A }")]
    [Trait("Promise", "C3"), Trait("Threat", "36")]
    public void Two_external_clients_share_no_address_key_or_name(string clients)
    {
        string key = TestAgent.NewPublicKey();
        DescriptionReader.Read($"version: 1\norg: acme\nexternal-clients:\n  {clients.Replace("KEY", key, StringComparison.Ordinal)}\n", NetworkState.Empty, out var found);
        Assert.StartsWith("external-clients[1]", Assert.Single(found).Path, StringComparison.Ordinal);
    }

    [Fact]
    public void Everything_that_is_wrong_is_said_at_once_with_its_place_and_what_to_do()
    {
        const string Text = """
            version: 2
            org: acme
            relay:
              - { name: vps }
            relays:
              - { name: vps, endpoint: "203.0.113.10", gatway: true }
              - { name: VPS, endpoint: "203.0.113.10:0" }
            sites:
              - { name: office, connectors: [] }
            resources:
              - name: web
                site: offcie
                destination: 192.168.1.20/24
                alias: "*"
                tcp: "80,70000"
                icmp: "yes"
              - name: two words
                site: office
                destination: 100.64.3.0/24
                alias: web.acme.internal
                udp: 90-80
            roles: staff
            users:
              - { email: alice, roles: [staf] }
            machines: [ci, ci]
            external-clients:
              - { name: phone, public-key: abc, address: 10.0.0.1, dns: [dns.example], expires: tomorrow }
            grants:
              - { resource: webb, external-clients: [phone] }
              - { resource: web, roles: [] }
            """;
        Assert.Null(DescriptionReader.Read(Text, NetworkState.Empty, out var found));
        string[] expected =
        [
            "n:1:10: version: \"2\": this version of the format is not known; write version: 1",
            "n:3:1: \"relay\": unknown key; did you mean \"relays\"?",
            "n:6:28: relays[0].endpoint: \"203.0.113.10\": the port is missing; write endpoint: \"203.0.113.10:21820\"; clients reach the relay there",
            "n:6:44: relays[0]: \"gatway\": unknown key; did you mean \"gateway\"?",
            "n:7:13: relays[1].name: \"VPS\": this relay is there twice, first on line 6 as \"vps\"; case makes no difference; rename or remove one of them",
            "n:7:28: relays[1].endpoint: \"203.0.113.10:0\": port \"0\" is not between 1 and 65535; write endpoint: \"203.0.113.10:21820\"; clients reach the relay there",
            "n:9:33: sites[0].connectors: the list is empty; name a connector, or leave the key out until there is one",
            "n:12:11: resources[0].site: \"offcie\": no site has this name; did you mean \"office\"?",
            "n:13:18: resources[0].destination: \"192.168.1.20/24\": bits are set behind the /24; write 192.168.1.0/24 for the network or 192.168.1.20 for the one host",
            "n:14:12: resources[0].alias: \"*\": this is no DNS name; write a DNS name like db.acme.internal; * and ? may stand in any label but the last",
            "n:15:10: resources[0].tcp: \"80,70000\": port 70000 is not between 1 and 65535; write \"\" for none, \"*\" for all, or ports and ranges like \"22,80,8000-8100\"",
            "n:16:11: resources[0].icmp: \"yes\": this is neither true nor false; write icmp: true or icmp: false, without quotes",
            "n:17:11: resources[1].name: \"two words\": this is no name; use 1 to 63 of A-Z a-z 0-9 . _ -, starting with a letter or digit",
            "n:19:18: resources[1].destination: \"100.64.3.0/24\": this reaches into the overlay's own addresses (100.64.0.0/10); name addresses of the site only; a wider range can be written as several prefixes around it",
            "n:21:10: resources[1].udp: \"90-80\": the range 90-80 runs backwards; write \"\" for none, \"*\" for all, or ports and ranges like \"22,80,8000-8100\"",
            "n:22:8: roles: \"staff\": this is a single value, a list is needed; write roles: [staff]",
            "n:24:14: users[0].email: \"alice\": this is no e-mail address; write it like alice@example.com",
            "n:24:29: users[0].roles[0]: \"staf\": no role has this name; there is no role yet: define it",
            "n:25:16: machines[1]: \"ci\": this machine is there twice, first on line 25; rename or remove one of them",
            "n:27:32: external-clients[0].public-key: \"abc\": this is no WireGuard public key; write the 44 characters that \"wg pubkey\" prints",
            "n:27:46: external-clients[0].address: \"10.0.0.1\": this is outside of the clients' range or in its reserved part; use 100.64.1.0 to 100.95.255.255, or leave the key out",
            "n:27:62: external-clients[0].dns: \"dns.example\": this is no usable address; write the address of a DNS server like 192.168.1.1",
            "n:27:85: external-clients[0].expires: \"tomorrow\": this is no day and no instant with a zone; write a day like 2027-01-31 (until its end, UTC) or an instant like 2027-01-31T12:00:00Z",
            "n:29:17: grants[0].resource: \"webb\": no resource has this name; did you mean \"web\"?",
            "n:30:5: grants[1]: the grant is for nobody: all its lists are empty; name a role, user, machine or external client, or remove the grant",
        ];
        Assert.Equal(expected, found.Select(finding => finding.ToText("n")));
    }

    [Theory]
    [InlineData("", 1, 1, "the file is empty")]
    [InlineData("- a\n- b\n", 1, 1, "this is a list, a network file is a group of keys")]
    [InlineData("version: 1\norg: a\n  roles: [x]\n", 3, 8, "this is no YAML")]
    [InlineData("version: [\nb", 1, 10, "this is no YAML")]
    [InlineData("version: !<:> 1", 1, 8, "this is no YAML")]
    [InlineData("version: 1\norg: a\nversion: 1\n", 3, 1, "written twice, first on line 1")]
    [InlineData("version: 1\norg: &x a\nroles: [*x]\n", 2, 6, "anchors and tags are not read")]
    [InlineData("version: 1\norg: a\n---\nversion: 1\n", 3, 1, "a second document begins here")]
    [InlineData("org: a\n", 1, 1, "\"version\" is missing")]
    [InlineData("version: 1\norg:\n", 2, 5, "\"org\" is missing")]
    [InlineData("version: 1\norg: !!str a\n", 2, 6, "anchors and tags are not read")]
    public void What_is_no_network_file_is_refused_with_its_place(string text, int line, int column, string problem)
    {
        Assert.Null(DescriptionReader.Read(text, NetworkState.Empty, out var found));
        Assert.Equal((line, column), (found[0].Line, found[0].Column));
        Assert.StartsWith(problem, found[0].Problem, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Threat", "30")]
    public void Deep_and_long_files_are_refused_without_effort()
    {
        Assert.Null(DescriptionReader.Read("version: " + new string('[', 100_000), NetworkState.Empty, out var deep));
        Assert.Contains("nested deeper than 16 levels", Assert.Single(deep).Problem, StringComparison.Ordinal);
        Assert.Null(DescriptionReader.Read(new string('#', DescriptionReader.MaximumLength + 1), NetworkState.Empty, out var huge));
        Assert.Equal("the file is longer than 4 MiB", Assert.Single(huge).Problem);
    }

    [Fact]
    [Trait("Threat", "37")]
    public void What_is_shown_of_a_file_holds_no_control_character()
    {
        Assert.Null(DescriptionReader.Read("version: 1\norg: \"a\\e[31m\\nb\"\n\"x\\u202ey\": 1\n", NetworkState.Empty, out var found));
        Assert.Equal(["a·[31m·b", "x·y"], found.Select(finding => finding.Value));
    }

    [Theory]
    [InlineData("192.168.1.20", null)]
    [InlineData("192.168.1.0/24", null)]
    [InlineData("2001:db8::/48", null)]
    [InlineData("2001:DB8::1", null)]
    [InlineData("db.corp.example", null)]
    [InlineData("127.0.0.1", null)]
    [InlineData("169.254.169.254", null)]
    [InlineData("127.0.0.0/8", "loopback")]
    [InlineData("fe80::/64", "link-local")]
    [InlineData("0.0.0.0/0", "overlay")]
    [InlineData("0.0.0.0", "no address of a host")]
    [InlineData("224.0.0.1", "multicast")]
    [InlineData("10.0.0.0/33", "prefix length")]
    [InlineData("10.0.0/8", "no CIDR prefix")]
    [InlineData("1.2.3", "neither an address")]
    [InlineData("300.1.1.1", "neither an address")]
    [InlineData("::ffff:10.0.0.1", "neither an address")]
    [InlineData("fe80::1%eth0", "neither an address")]
    [InlineData("-bad-.example", "neither an address")]
    public void Destinations_are_addresses_prefixes_or_names(string text, string? problem)
    {
        bool good = AddressSyntax.TryParseDestination(text, null, out var destination, out string said, out _);
        Assert.Equal(problem is null, good);
        if (problem is null)
            Assert.Equal(text.ToLowerInvariant(), destination.Text);
        else
            Assert.Contains(problem, said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("*", "*")]
    [InlineData("1-65535", "*")]
    [InlineData(" 22 , 80 ", "22,80")]
    [InlineData("80,22,81,8000-8100,8050-9000", "22,80-81,8000-9000")]
    [InlineData("0", null)]
    [InlineData("65536", null)]
    [InlineData("99999999999", null)]
    [InlineData("22,", null)]
    [InlineData("22,*", null)]
    [InlineData("-22", null)]
    [InlineData("22-", null)]
    [InlineData("2-1", null)]
    [InlineData("ssh", null)]
    [InlineData("+22", null)]
    [InlineData("٢٢", null)]
    public void Ports_are_read_joined_and_written(string text, string? canonical)
    {
        Assert.Equal(canonical is not null, PortSyntax.TryParse(text, out var ranges, out string problem));
        if (canonical is null)
            Assert.NotEmpty(problem);
        else
            Assert.Equal(canonical, PortSyntax.Format(ranges));
    }

    [Theory]
    [InlineData("2027-01-31", "2027-02-01T00:00:00Z")]
    [InlineData("2027-01-31T12:00:00Z", "2027-01-31T12:00:00Z")]
    [InlineData("2027-01-31T12:00+02:00", "2027-01-31T10:00:00Z")]
    [InlineData("2027-01-31T12:00:00", null)]
    [InlineData("2027-02-30", null)]
    [InlineData("9999-12-31", null)]
    [InlineData("1", null)]
    public void Expiry_is_a_day_or_an_instant_with_its_zone(string text, string? instant)
    {
        Assert.Equal(instant is not null, TimeSyntax.TryParse(text, out var parsed));
        if (instant is not null)
            Assert.Equal(instant, TimeSyntax.Format(parsed));
    }

    [Theory]
    [InlineData("db.acme.internal", true)]
    [InlineData("*.acme.internal", true)]
    [InlineData("db-?.acme.internal", true)]
    [InlineData("db", true)]
    [InlineData("*", false)]
    [InlineData("db.*", false)]
    [InlineData("a..b", false)]
    [InlineData("db.acme.internal\n", false)]
    [InlineData("192.168.1.1", false)]
    public void Aliases_are_DNS_names_whose_last_label_is_plain(string text, bool good) => Assert.Equal(good, HostSyntax.IsAlias(text));

    [Theory]
    [InlineData("alice@example.com", true)]
    [InlineData("a.b+c@example", true)]
    [InlineData("alice", false)]
    [InlineData("@example.com", false)]
    [InlineData("a b@example.com", false)]
    [InlineData("a@b@example.com", false)]
    [InlineData("a\n@example.com", false)]
    [InlineData("a@example..com", false)]
    public void Emails_are_checked(string text, bool good) => Assert.Equal(good, HostSyntax.IsEmail(text));

    [Fact]
    [Trait("Promise", "C3")]
    public void Keys_and_addresses_that_are_taken_are_refused_where_they_are_written()
    {
        string key = Convert.ToBase64String(Enumerable.Repeat((byte)7, 32).ToArray());
        var state = Transitions.ReportKey(Samples.AcmeNetwork(), new Agent(AgentKind.Relay, 2), key)!;
        string taken = state.FindPeer(PeerKind.ExternalClient, "phone")!.Ipv4!.ToString();
        string text = Samples.Acme.Replace("  - { name: phone }", $"  - {{ name: phone }}\n  - {{ name: tablet, address: {taken}, public-key: \"{key}\" }}\n  - {{ name: third, public-key: \"{key}\" }}", StringComparison.Ordinal);
        Assert.Null(DescriptionReader.Read(text, state, out var found));
        Assert.Equal(3, found.Count);
        Assert.Contains(found, finding => finding.Problem == "the external client \"phone\" has this address already");
        Assert.Contains(found, finding => finding.Problem == "the relay \"vps\" has this public key already");
        Assert.Contains(found, finding => finding.Problem.StartsWith("the external client \"tablet\" has this public key too", StringComparison.Ordinal));
        Assert.True(IPAddress.TryParse(taken, out _));
    }
}
