using System.Text;
using System.Text.RegularExpressions;
using Keyhole.Cryptography;

namespace Keyhole.Control.Tests;

public class ExternalClientConfigTests
{
    private const string TwoSites = """
        version: 1
        org: acme
        relays:
          - { name: backup, endpoint: "198.51.100.9:21820" }
          - { name: vps, endpoint: ["203.0.113.10:21820", "[2001:db8::10]:21820"], gateway: true }
        sites:
          - { name: office, connectors: [office-1] }
          - { name: plant, connectors: [plant-1] }
        resources:
          - { name: web, site: office, destination: 192.168.1.20, alias: web.acme.internal, tcp: "80" }
          - { name: lan, site: office, destination: 10.20.0.0/16, tcp: "*" }
          - { name: subnet, site: office, destination: 192.168.7.0/28, tcp: "*" }
          - { name: plc-a, site: office, destination: 192.168.9.9, tcp: "502" }
          - { name: plc-b, site: plant, destination: 192.168.9.9, alias: plc.acme.internal, tcp: "502" }
          - { name: named, site: plant, destination: db.corp.example, alias: db.acme.internal, tcp: "5432" }
          - { name: six, site: plant, destination: "2001:db8:7::/64", tcp: "443" }
          - { name: secret, site: plant, destination: 192.168.66.6, tcp: "22" }
        external-clients:
          - { name: phone, dns: [192.168.1.53, 2001:db8::53] }
          - { name: own, public-key: "OWNKEY" }
        grants:
          - { resource: web, external-clients: [phone, own] }
          - { resource: lan, external-clients: [phone] }
          - { resource: subnet, external-clients: [phone] }
          - { resource: plc-a, external-clients: [phone] }
          - { resource: plc-b, external-clients: [phone] }
          - { resource: named, external-clients: [phone] }
          - { resource: six, external-clients: [phone] }
        """;

    private static readonly string OwnKey = TestAgent.NewPublicKey();

    private static async Task<(RunningControl Control, TestAgent Relay)> StartAsync()
    {
        var control = await RunningControl.StartAsync();
        await control.ApplyAsync(TwoSites.Replace("OWNKEY", OwnKey, StringComparison.Ordinal));
        var relay = await control.AgentAsync(AgentKind.Relay, "vps");
        await relay.AckAsync();
        return (control, relay);
    }

    /// <summary>Asks for a configuration while the relay follows at once.</summary>
    private static async Task<ConfigAnswer> ConfigAsync(RunningControl control, TestAgent relay, string name, bool newKey = false)
    {
        var asking = control.ConfigAsync(name, newKey);
        await relay.ReadTableAsync();
        await relay.AckAsync();
        return await asking;
    }

    private static string Value(string config, string key) => Regex.Match(config, $"^{key} = (.*)$", RegexOptions.Multiline).Groups[1].Value;

    private static PublicKey PublicOf(string privateKey)
    {
        using var key = new PrivateKey(Convert.FromBase64String(privateKey));
        return key.PublicKey;
    }

    [Fact]
    [Trait("Promise", "C5")]
    public async Task The_configuration_has_the_shape_that_stock_apps_read()
    {
        var (control, relay) = await StartAsync();
        await using var _ = control;
        using var __ = relay;
        var answer = await ConfigAsync(control, relay, "phone");
        Assert.Empty(answer.Notes);
        var peer = relay.Table!.Peers.Single(row => row.Name == "phone");
        string six = relay.Table.Overlay[1][..^"::/48".Length];
        string psk = peer.PresharedKey!;
        string expected = $"""
            # phone of acme
            # web.acme.internal = 100.96.1.0, {six}:2::100
            # lan = {six}:2::1:0/112
            # subnet = 100.96.1.16/28, {six}:2::2:0/124
            # plc-a = 100.96.1.32, {six}:2::2:10
            # plc.acme.internal = 100.96.1.33, {six}:2::2:11
            # db.acme.internal = 100.96.1.34, {six}:2::2:12
            # six = {six}:100::/64
            [Interface]
            PrivateKey = {Value(answer.Config, "PrivateKey")}
            Address = 100.64.1.0/32, {six}:1::100/128
            DNS = 192.168.1.53, 2001:db8::53
            MTU = 1280

            [Peer]
            # vps
            PublicKey = {relay.PublicKey}
            PresharedKey = {psk}
            AllowedIPs = 100.64.0.53/32, {six}:1::53/128, 100.96.1.0/32, {six}:2::100/128, {six}:2::1:0/112, 100.96.1.16/28, {six}:2::2:0/124, 100.96.1.32/32, {six}:2::2:10/128, 100.96.1.33/32, {six}:2::2:11/128, 100.96.1.34/32, {six}:2::2:12/128, {six}:100::/64, 192.168.1.20/32, 10.20.0.0/16, 192.168.7.0/28, 2001:db8:7::/64
            Endpoint = 203.0.113.10:21820
            PersistentKeepalive = 25

            """;
        Assert.Equal(expected, answer.Config);
        Assert.Equal(PublicOf(Value(answer.Config, "PrivateKey")).ToString(), peer.PublicKey);
        Assert.True(peer.Stock);
        Assert.Equal(32, Convert.FromBase64String(psk).Length);
    }

    [Fact]
    public async Task The_private_key_is_shown_once_and_a_new_one_ends_the_old()
    {
        var (control, relay) = await StartAsync();
        await using var _ = control;
        using var __ = relay;
        var first = await ConfigAsync(control, relay, "phone");
        string privateKey = Value(first.Config, "PrivateKey");
        var second = await control.ConfigAsync("phone");
        Assert.Equal("", Value(second.Config, "PrivateKey"));
        Assert.Contains("# PrivateKey was shown once and is stored nowhere; a new one: keyhole-control external-client config phone --new-key", second.Config, StringComparison.Ordinal);
        Assert.Contains("--new-key", Assert.Single(second.Notes), StringComparison.Ordinal);
        Assert.Equal(Value(first.Config, "PresharedKey"), Value(second.Config, "PresharedKey"));

        var third = await ConfigAsync(control, relay, "phone", newKey: true);
        Assert.NotEqual(privateKey, Value(third.Config, "PrivateKey"));
        Assert.NotEqual(Value(first.Config, "PresharedKey"), Value(third.Config, "PresharedKey"));
        Assert.Equal(PublicOf(Value(third.Config, "PrivateKey")).ToString(), relay.Table!.Peers.Single(row => row.Name == "phone").PublicKey);
    }

    [Fact]
    [Trait("Promise", "C3")]
    public async Task A_key_of_ones_own_never_leaves_the_device()
    {
        var (control, relay) = await StartAsync();
        await using var _ = control;
        using var __ = relay;
        var answer = await ConfigAsync(control, relay, "own");
        Assert.Equal("", Value(answer.Config, "PrivateKey"));
        Assert.Contains("# PrivateKey = write the private key of this device here", answer.Config, StringComparison.Ordinal);
        Assert.Empty(answer.Notes);
        Assert.Equal($"100.64.0.53, {relay.Table!.Overlay[1][..^"::/48".Length]}:1::53", Value(answer.Config, "DNS"));
        var row = relay.Table!.Peers.Single(peer => peer.Name == "own");
        Assert.Equal((OwnKey, Value(answer.Config, "PresharedKey")), (row.PublicKey, row.PresharedKey));
        var refused = await Assert.ThrowsAsync<OperatorException>(() => control.ConfigAsync("own", newKey: true));
        Assert.Contains("has a public-key of its own", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Promise", "C15")]
    public async Task A_sealed_clients_configuration_registers_at_the_relay_and_names_a_connector_per_site()
    {
        await using var control = await RunningControl.StartAsync();
        await control.ApplyAsync(TwoSites.Replace("OWNKEY", OwnKey, StringComparison.Ordinal).Replace(", gateway: true", "", StringComparison.Ordinal)
            .Replace("{ name: phone, dns", "{ name: phone, sealed: true, dns", StringComparison.Ordinal));
        using var relay = await control.AgentAsync(AgentKind.Relay, "vps");
        using var connector = await control.AgentAsync(AgentKind.Connector, "plant-1");
        var answer = await control.ConfigAsync("phone");
        Assert.Contains(answer.Notes, note => note.StartsWith("no connector of the site office has ever connected", StringComparison.Ordinal));
        while (relay.Table?.Peers.SingleOrDefault(row => row.Name == "phone")?.PresharedKey is null)
            await relay.ReadTableAsync();
        var peer = relay.Table.Peers.Single(row => row.Name == "phone");
        Assert.Equal((PeerKind.Machine, true), (peer.Kind, peer.Stock));
        string six = relay.Table.Overlay[1][..^"::/48".Length];
        string expected = $"""
            [Peer]
            # vps
            PublicKey = {relay.PublicKey}
            PresharedKey = {peer.PresharedKey}
            AllowedIPs = 100.64.0.53/32, {six}:1::53/128
            Endpoint = 203.0.113.10:21820
            PersistentKeepalive = 25

            [Peer]
            # plant-1
            PublicKey = {connector.PublicKey}
            AllowedIPs = 100.96.1.33/32, {six}:2::2:11/128, 100.96.1.34/32, {six}:2::2:12/128, {six}:100::/64, 2001:db8:7::/64
            Endpoint = 203.0.113.10:21820
            PersistentKeepalive = 25

            """;
        Assert.Equal(expected, answer.Config[answer.Config.IndexOf("[Peer]", StringComparison.Ordinal)..]);
    }

    [Fact]
    [Trait("Promise", "C15")]
    public void A_connector_that_is_not_approved_is_no_sealed_clients_peer()
    {
        var state = Samples.Apply(NetworkState.Empty, Samples.Acme.Replace("connectors: [office-1]", "connectors: [office-1, office-2]", StringComparison.Ordinal));
        int site = state.Sites[0].Id;
        Assert.Null(ConfigContent.FindConnector(state, site));
        foreach (var connector in state.Peers.Where(peer => peer.Kind == PeerKind.Connector).ToList())
            state = Transitions.ReportKey(state, new Agent(AgentKind.Connector, connector.Id), TestAgent.NewPublicKey())!;
        Assert.Equal("office-1", ConfigContent.FindConnector(state, site)!.Name);
        state = state with { Peers = state.Peers.Select(peer => peer.Name == "office-1" ? peer with { Enabled = false } : peer).ToValueList() };
        Assert.Equal("office-2", ConfigContent.FindConnector(state, site)!.Name);
        state = state with { Peers = state.Peers.Select(peer => peer.Name == "office-2" ? peer with { Enabled = false } : peer).ToValueList() };
        Assert.Null(ConfigContent.FindConnector(state, site));
    }

    [Fact]
    [Trait("Promise", "C1")]
    public async Task Without_a_gateway_or_its_key_the_error_says_what_to_do()
    {
        await using var control = await RunningControl.StartAsync();
        await control.ApplyAsync(Samples.Acme.Replace(", gateway: true", "", StringComparison.Ordinal));
        Assert.Contains("no relay has \"gateway: true\"", (await Assert.ThrowsAsync<OperatorException>(() => control.ConfigAsync("phone"))).Message, StringComparison.Ordinal);
        await control.ApplyAsync(Samples.Acme);
        Assert.Contains("keyhole-control credentials relay vps", (await Assert.ThrowsAsync<OperatorException>(() => control.ConfigAsync("phone"))).Message, StringComparison.Ordinal);
        Assert.Contains("did you mean \"phone\"?", (await Assert.ThrowsAsync<OperatorException>(() => control.ConfigAsync("phnoe"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_relay_that_does_not_follow_yet_is_named()
    {
        var (control, relay) = await StartAsync();
        await using var _ = control;
        await relay.CloseAsync();
        relay.Dispose();
        Assert.StartsWith("relay vps does not know the new key yet", Assert.Single((await control.ConfigAsync("phone")).Notes), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Threat", "32")]
    public async Task A_stolen_database_yields_no_usable_secret()
    {
        var (control, relay) = await StartAsync();
        string directory = control.Directory;
        var answer = await ConfigAsync(control, relay, "phone");
        var credential = await control.CredentialAsync(AgentKind.Connector, "office-1");
        string[] secrets = [Value(answer.Config, "PrivateKey"), Value(answer.Config, "PresharedKey"), credential.Secret];
        relay.Dispose();
        await control.StopAsync();
        foreach (string file in Directory.EnumerateFiles(directory))
        {
            byte[] bytes = await File.ReadAllBytesAsync(file);
            foreach (string secret in secrets)
            {
                Assert.True(bytes.AsSpan().IndexOf(Encoding.ASCII.GetBytes(secret)) < 0, file);
                if (!secret.StartsWith(AgentSecret.Prefix, StringComparison.Ordinal))
                    Assert.True(bytes.AsSpan().IndexOf(Convert.FromBase64String(secret)) < 0, file);
            }
        }

        Assert.DoesNotContain(control.Log.Lines, line => secrets.Any(secret => line.Contains(secret, StringComparison.Ordinal)));
        Directory.Delete(directory, recursive: true);
    }
}
