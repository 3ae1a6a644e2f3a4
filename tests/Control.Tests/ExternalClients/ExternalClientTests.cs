namespace Keyhole.Control.Tests;

/// <summary>What is known of stock apps, and how they are kept out and let in.</summary>
public class ExternalClientTests
{
    private static readonly string OwnKey = TestAgent.NewPublicKey();

    private static string Network(string resources = "", string grants = "", string endpoint = "203.0.113.10:21820") => $$"""
        version: 1
        org: acme
        relays:
          - { name: vps, endpoint: "{{endpoint}}", gateway: true }
        sites:
          - { name: office, connectors: [office-1] }
        resources:
          - { name: web, site: office, destination: 192.168.1.20, alias: web.acme.internal, tcp: "80" }
          - { name: lan, site: office, destination: 192.168.7.0/28, tcp: "80" }
        {{resources}}
        external-clients:
          - { name: phone }
          - { name: own, public-key: "{{OwnKey}}" }
        grants:
          - { resource: web, external-clients: [phone, own] }
        {{grants}}
        """;

    private static async Task<(RunningControl Control, TestAgent Relay)> StartAsync()
    {
        var control = await RunningControl.StartAsync();
        Assert.Empty((await control.ApplyAsync(Network())).Errors);
        var relay = await control.AgentAsync(AgentKind.Relay, "vps");
        await relay.AckAsync();
        return (control, relay);
    }

    private static Task<ConfigAnswer> ConfigAsync(RunningControl control, string name, bool newKey = false, bool forQr = false) => control.Operator.PostAsync(
        OperatorRoutes.Config, new ConfigRequest(name, newKey, forQr), OperatorJson.Default.ConfigRequest, OperatorJson.Default.ConfigAnswer);

    private static async Task<ExternalClientView> ShowAsync(RunningControl control, string name) =>
        (await control.Operator.GetAsync(OperatorRoutes.ExternalClients, OperatorJson.Default.ClientsAnswer)).Clients.Single(client => client.Name == name);

    private static Task<EnforcementReport> EnableAsync(RunningControl control, string name, bool enabled) => control.Operator.PostAsync(
        OperatorRoutes.Enable, new EnableRequest(name, enabled), OperatorJson.Default.EnableRequest, OperatorJson.Default.EnforcementReport);

    private static async Task<string[]> OutdatedAsync(RunningControl control) => [.. (await ShowAsync(control, "phone")).Config!.Outdated];

    [Fact]
    [Trait("Promise", "C6")]
    public async Task A_configuration_is_outdated_with_a_reason_once_the_network_has_outgrown_it()
    {
        var (control, relay) = await StartAsync();
        await using var _ = control;
        using var __ = relay;
        Assert.Null((await ShowAsync(control, "phone")).Config);
        await ConfigAsync(control, "phone");
        Assert.Empty(await OutdatedAsync(control));

        // What concerns others changes nothing, nor does a name or a port.
        await control.ApplyAsync(Network(grants: "  - { resource: lan, external-clients: [own] }"));
        await control.ApplyAsync(Network().Replace("web.acme.internal, tcp: \"80\"", "intranet.acme.internal, tcp: \"80,443\"", StringComparison.Ordinal));
        Assert.Empty(await OutdatedAsync(control));

        await control.ApplyAsync(Network(grants: "  - { resource: lan, external-clients: [phone] }", endpoint: "198.51.100.7:21820"));
        string[] reasons = await OutdatedAsync(control);
        Assert.Equal(2, reasons.Length);
        Assert.Equal("Endpoint of relay vps: 203.0.113.10:21820 is now 198.51.100.7:21820", reasons[0]);
        Assert.StartsWith("AllowedIPs lacks 100.96.1.16/28, fd", reasons[1], StringComparison.Ordinal);
        Assert.EndsWith(", 192.168.7.0/28", reasons[1], StringComparison.Ordinal);

        // Shown again, it is new; what it holds too much then is said too.
        await ConfigAsync(control, "phone");
        Assert.Empty(await OutdatedAsync(control));
        await control.ApplyAsync(Network(endpoint: "198.51.100.7:21820"));
        Assert.StartsWith("AllowedIPs holds what is not granted any more: 100.96.1.16/28", Assert.Single(await OutdatedAsync(control)), StringComparison.Ordinal);

        // Servers of its own, another address, a key of its own: one line each.
        await control.ApplyAsync(Network(endpoint: "198.51.100.7:21820", grants: "  - { resource: lan, external-clients: [phone] }")
            .Replace("{ name: phone }", $"{{ name: phone, dns: 192.168.1.53, address: 100.64.9.9, public-key: \"{TestAgent.NewPublicKey()}\" }}", StringComparison.Ordinal));
        reasons = await OutdatedAsync(control);
        Assert.Equal(["key of the client", "Address", "DNS"], reasons.Select(reason => reason.Split(':')[0]));
        await control.ApplyAsync(Network().Replace(", gateway: true", "", StringComparison.Ordinal));
        Assert.Equal(["no relay is a gateway any more"], await OutdatedAsync(control));
    }

    [Fact]
    [Trait("Promise", "C6")]
    public async Task Another_key_of_the_relay_makes_all_configurations_outdated_also_after_a_restart()
    {
        var (control, relay) = await StartAsync();
        string directory = control.Directory;
        await ConfigAsync(control, "phone");
        relay.Dispose();
        await control.StopAsync();
        await using var again = await RunningControl.StartAsync(directory);
        Assert.Empty(await OutdatedAsync(again));
        using var replaced = await again.AgentAsync(AgentKind.Relay, "vps");
        Assert.Equal($"PublicKey of relay vps: {relay.PublicKey} is now {replaced.PublicKey}", Assert.Single(await OutdatedAsync(again)));
    }

    [Fact]
    [Trait("Promise", "C11")]
    public async Task A_disabled_client_leaves_every_table_and_comes_back_as_it_was()
    {
        var (control, relay) = await StartAsync();
        await using var _ = control;
        using var __ = relay;
        await ConfigAsync(control, "phone");
        await relay.ReadTableAsync();
        await relay.AckAsync();
        var row = relay.Table!.Peers.Single(peer => peer.Name == "phone");
        var grant = relay.Table.Grants.Single(grant => grant.Client == row.Id);

        var disabling = EnableAsync(control, "phone", false);
        await relay.ReadTableAsync();
        await relay.AckAsync();
        Assert.Equal("relay vps", Assert.Single((await disabling).Enforced).Agent);
        Assert.DoesNotContain(relay.Table.Peers, peer => peer.Id == row.Id);
        Assert.DoesNotContain(relay.Table.Grants, grant => grant.Client == row.Id);
        var view = await ShowAsync(control, "phone");
        Assert.True(view is { Enabled: false, Config.Outdated.Count: 0 });
        Assert.Contains("is disabled", (await Assert.ThrowsAsync<OperatorException>(() => ConfigAsync(control, "phone"))).Message, StringComparison.Ordinal);

        // A network file says nothing about it, and so changes nothing.
        await control.ApplyAsync(Network(grants: "  - { resource: lan, external-clients: [own] }"));
        Assert.False((await ShowAsync(control, "phone")).Enabled);
        await control.ApplyAsync(Network());

        await EnableAsync(control, "phone", true);
        while (relay.Table!.Peers.All(peer => peer.Id != row.Id))
            await relay.ReadTableAsync();
        Assert.Equal(row, relay.Table.Peers.Single(peer => peer.Id == row.Id));
        Assert.Equal(grant, relay.Table.Grants.Single(grant => grant.Client == row.Id));
        Assert.Empty(await OutdatedAsync(control));
        Assert.Contains("did you mean \"phone\"?", (await Assert.ThrowsAsync<OperatorException>(() => EnableAsync(control, "phnoe", false))).Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Promise", "C4")]
    public async Task There_is_no_qr_code_where_the_private_key_is_not_ours_to_show()
    {
        var (control, relay) = await StartAsync();
        await using var _ = control;
        using var __ = relay;
        Assert.Contains("the private key never left the device", (await Assert.ThrowsAsync<OperatorException>(() => ConfigAsync(control, "own", forQr: true))).Message, StringComparison.Ordinal);
        var first = await ConfigAsync(control, "phone", forQr: true);
        Assert.True(first.HasPrivateKey);
        Assert.Contains("was shown once", (await Assert.ThrowsAsync<OperatorException>(() => ConfigAsync(control, "phone", forQr: true))).Message, StringComparison.Ordinal);
        Assert.False((await ConfigAsync(control, "phone")).HasPrivateKey);
        Assert.True((await ConfigAsync(control, "phone", newKey: true, forQr: true)).HasPrivateKey);
    }

    [Fact]
    [Trait("Promise", "C4")]
    public async Task A_configuration_that_no_qr_code_can_hold_makes_no_keys_for_one()
    {
        var (control, relay) = await StartAsync();
        await using var _ = control;
        using var __ = relay;
        string resources = string.Join('\n', Enumerable.Range(1, 60).Select(i => $"  - {{ name: r{i}, site: office, destination: 10.1.{i}.0/24, tcp: \"80\" }}"));
        string grants = string.Join('\n', Enumerable.Range(1, 60).Select(i => $"  - {{ resource: r{i}, external-clients: [phone] }}"));
        Assert.Empty((await control.ApplyAsync(Network(resources, grants))).Errors);
        var refused = await Assert.ThrowsAsync<OperatorException>(() => ConfigAsync(control, "phone", forQr: true));
        Assert.Contains("a QR code holds 2953", refused.Message, StringComparison.Ordinal);
        Assert.Equal("none", (await ShowAsync(control, "phone")).KeySource);
        Assert.True((await ConfigAsync(control, "phone")).HasPrivateKey);
    }

    [Fact]
    public async Task What_relays_tell_of_a_session_is_shown_and_not_more()
    {
        var (control, relay) = await StartAsync();
        await using var _ = control;
        using var __ = relay;
        await ConfigAsync(control, "phone");
        string key = (await ShowAsync(control, "phone")).PublicKey!;
        Assert.Null((await ShowAsync(control, "phone")).Session);

        async Task<ClientSessionView?> TellAsync(Func<ClientSessionView?, bool> until, params SessionStatus[] sessions)
        {
            await relay.SendAsync(new StatusMessage(false, 0, sessions));
            for (int i = 0; i < 500; i++)
            {
                var session = (await ShowAsync(control, "phone")).Session;
                if (until(session))
                    return session;
                await Task.Delay(20);
            }

            throw new TimeoutException($"The session stayed {(await ShowAsync(control, "phone")).Session}.");
        }

        var told = await TellAsync(session => session is not null, new SessionStatus(key, true, "198.51.100.2:5000", 1_700_000_000_000, 11, 22));
        Assert.Equal(new ClientSessionView("relay vps", true, "198.51.100.2:5000", DateTimeOffset.FromUnixTimeSeconds(1_700_000_000), 11, 22, null), told);
        told = await TellAsync(
            session => session?.Contest is not null,
            new SessionStatus(key, true, "198.51.100.2:5000", 1_700_000_000_000, 11, 22, new SessionContest("198.51.100.2:5000", "192.0.2.9:1", 1_700_000_001_000)));
        Assert.Equal(["198.51.100.2:5000", "192.0.2.9:1"], told!.Contest!.Addresses);
        var now = DateTimeOffset.FromUnixTimeSeconds(1_700_000_060);
        string line = ExternalClientText.Summary(await ShowAsync(control, "phone"), now);
        Assert.Contains("live at 198.51.100.2:5000, last handshake 60 s ago", line, StringComparison.Ordinal);
        Assert.Contains("two devices use this configuration, 198.51.100.2:5000 and 192.0.2.9:1", line, StringComparison.Ordinal);

        // A part leaves what it does not tell of as it was; a whole message takes it away.
        var others = Enumerable.Range(0, StatusMessage.MaximumSessions).Select(_ => new SessionStatus(TestAgent.NewPublicKey(), true, null, 1, 1, 1)).ToArray();
        others[^1] = new SessionStatus(key, true, "198.51.100.3:5000", 1_700_000_000_000, 12, 22);
        Assert.Equal(12, (await TellAsync(session => session?.BytesReceived == 12, others))!.BytesReceived);
        others[^1] = others[0];
        others[0] = others[0] with { BytesReceived = 2 };
        await TellAsync(session => session?.BytesReceived == 12, others);
        Assert.Null(await TellAsync(session => session is null, others[..3]));

        // Strangers' keys are forgotten; a relay that is gone vouches for nothing.
        await TellAsync(session => session is not null, new SessionStatus(key, true, "198.51.100.2:5000", 1_700_000_000_000, 13, 22));
        relay.Dispose();
        for (int i = 0; i < 500 && (await ShowAsync(control, "phone")).Session!.Live is not null; i++)
            await Task.Delay(20);
        var last = (await ShowAsync(control, "phone")).Session!;
        Assert.Equal((null, 13), (last.Live, last.BytesReceived));
        await EnableAsync(control, "phone", false);
        Assert.False((await ShowAsync(control, "phone")).Session!.Live);
    }

    [Fact]
    public void A_qr_code_comes_as_an_image_and_as_text()
    {
        string text = new('x', QrCode.MaximumLength);
        byte[] png = QrCode.Png(text);
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], png[..4]);
        Assert.Contains("<svg", QrCode.Svg(text), StringComparison.Ordinal);
        Assert.DoesNotContain("<script", QrCode.Svg(text), StringComparison.Ordinal);
        Assert.True(QrCode.Terminal("a").Split('\n').Length > 10);
        Assert.Throws<OperatorException>(() => QrCode.Png(text + "x"));
    }
}
