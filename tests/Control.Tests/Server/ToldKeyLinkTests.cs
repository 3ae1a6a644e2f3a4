namespace Keyhole.Control.Tests;

/// <summary>Credentials that end while agents, and those who stole a secret, are connected.</summary>
public class ToldKeyLinkTests
{
    private static async Task<CredentialAnswer> OverlapAsync(ApiServer server, string path)
    {
        var made = (await server.PostAsync(ApiServer.Owner, $"{path}/credentials", """{"overlapSeconds":3600}""")).Expect(System.Net.HttpStatusCode.Created).Json;
        return new CredentialAnswer(made.GetProperty("id").GetString()!, made.GetProperty("secret").GetString()!);
    }

    private static async Task<TestAgent> ConnectAsync(ApiServer server, CredentialAnswer credential, AgentKind kind, string? key = null)
    {
        var agent = await TestAgent.ConnectAsync(server.Control.Address, credential, kind, key);
        await agent.HelloAsync();
        await agent.ReadTableAsync();
        return agent;
    }

    [Fact]
    [Trait("Promise", "A8")]
    public async Task The_old_of_two_secrets_ends_and_the_agent_that_uses_the_new_one_keeps_its_key_and_its_connection()
    {
        await using var server = await ApiServer.StartAsync();
        var old = await server.Control.CredentialAsync(AgentKind.Relay, "vps");
        using var before = await ConnectAsync(server, old, AgentKind.Relay);
        using var relay = await ConnectAsync(server, await OverlapAsync(server, "/relays/vps"), AgentKind.Relay, before.PublicKey);
        (await server.DeleteAsync(ApiServer.Owner, $"/relays/vps/credentials/{old.Id}")).Expect(System.Net.HttpStatusCode.OK);
        Assert.Equal(relay.PublicKey, server.Network.Ledger.State.Relays[0].PublicKey);
        // It is served on: what changes now arrives by the same connection.
        (await server.DeleteAsync(ApiServer.Owner, "/machines/ci")).Expect(System.Net.HttpStatusCode.OK);
        while (relay.Table!.Peers.Any(peer => peer.Name == "ci"))
            await relay.ReadTableAsync();
    }

    [Fact]
    [Trait("Promise", "A8")]
    [Trait("Threat", "22")]
    public async Task The_operator_s_new_secret_takes_the_key_of_the_old_one_out_of_all_tables_and_says_who_follows_that()
    {
        await using var server = await ApiServer.StartAsync();
        using var thief = await server.Control.AgentAsync(AgentKind.Machine, "ci");
        var answer = await server.Control.CredentialAsync(AgentKind.Machine, "ci");
        Assert.Null(server.Network.Ledger.State.FindPeer(PeerKind.Machine, "ci")!.PublicKey);
        Assert.Equal(RefusalReason.Revoked, (await thief.ReadRefusalAsync()).Reason);
        Assert.Equal(["connector office-1", "relay vps"], answer.Enforcement.Missing.Select(missing => missing.Agent).Order());

        // Where all are connected, the audit log says when all had followed.
        using var relay = await server.Control.AgentAsync(AgentKind.Relay, "vps");
        using var connector = await server.Control.AgentAsync(AgentKind.Connector, "office-1");
        using var machine = await ConnectAsync(server, answer, AgentKind.Machine);
        async Task ReadUntilAsync(bool told)
        {
            foreach (var agent in new[] { relay, connector })
            {
                while (agent.Table!.Peers.Any(peer => peer.PublicKey == machine.PublicKey) != told)
                    await agent.ReadTableAsync();
            }
        }

        await ReadUntilAsync(told: true);
        var rotating = server.Control.CredentialAsync(AgentKind.Machine, "ci");
        await ReadUntilAsync(told: false);
        await relay.AckAsync();
        await connector.AckAsync();

        await rotating;
        await server.Control.Log.FindAsync("the public key of machine ci", "enforced everywhere");
    }

    [Fact]
    [Trait("Promise", "A8")]
    public async Task An_agent_whose_key_a_revoked_secret_had_replaced_tells_its_own_again()
    {
        await using var server = await ApiServer.StartAsync();
        var old = await server.Control.CredentialAsync(AgentKind.Connector, "office-1");
        var next = await OverlapAsync(server, "/connectors/office-1");
        using var connector = await ConnectAsync(server, next, AgentKind.Connector);
        var ledger = server.Network.Ledger;
        // The thief's hello has come as far as the network, and its link not yet in the place of this one.
        ledger.Change(state => Transitions.ReportKey(state, state.Credentials.First(credential => credential.Id == old.Id), TestAgent.NewPublicKey())!, (_, _) => new AuditEntry(Actor.Operator, "report-key", "connector office-1"));
        (await server.DeleteAsync(ApiServer.Owner, $"/connectors/office-1/credentials/{old.Id}")).Expect(System.Net.HttpStatusCode.OK);
        ControlMessage? message;
        do
        {
            message = await connector.ReadAsync();
            Assert.IsNotType<RefusedMessage>(message);
        }
        while (message is not null);

        using var again = await ConnectAsync(server, next, AgentKind.Connector, connector.PublicKey);
        Assert.Equal(connector.PublicKey, ledger.State.FindPeer(PeerKind.Connector, "office-1")!.PublicKey);
    }

    [Fact]
    [Trait("Promise", "A8")]
    public async Task Who_says_hello_after_the_end_of_its_secret_tells_no_key()
    {
        await using var server = await ApiServer.StartAsync();
        var old = await server.Control.CredentialAsync(AgentKind.Machine, "ci");
        using var late = await TestAgent.ConnectAsync(server.Control.Address, old, AgentKind.Machine);
        await server.Control.CredentialAsync(AgentKind.Machine, "ci");
        await late.HelloAsync();
        Assert.Equal(RefusalReason.Revoked, (await late.ReadRefusalAsync()).Reason);
        Assert.Null(server.Network.Ledger.State.FindPeer(PeerKind.Machine, "ci")!.PublicKey);
    }
}
