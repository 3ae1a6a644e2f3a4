namespace Keyhole.Control.Tests;

/// <summary>A static key is as good as the credentials by which it was told.</summary>
public class ToldKeyTests
{
    private static readonly NetworkState Acme = Samples.AcmeNetwork();
    private static readonly string Key = TestAgent.NewPublicKey();
    private static readonly string Other = TestAgent.NewPublicKey();

    public static TheoryData<AgentKind> Kinds => [AgentKind.Relay, AgentKind.Connector, AgentKind.Machine];

    private static Agent AgentOf(AgentKind kind) => new(kind, kind switch
    {
        AgentKind.Relay => Acme.Relays[0].Id,
        AgentKind.Connector => Acme.FindPeer(PeerKind.Connector, "office-1")!.Id,
        _ => Acme.FindPeer(PeerKind.Machine, "ci")!.Id,
    });

    private static Credential CredentialOf(AgentKind kind, string id, string hash = "hash") => new(id, AgentOf(kind), hash, Samples.Now);

    /// <summary>The agent moves from one secret to another, which are both good.</summary>
    private static NetworkState Overlapping(AgentKind kind, string oldKey, string newKey)
    {
        Credential old = CredentialOf(kind, "old"), next = CredentialOf(kind, "new");
        var state = Transitions.ReportKey(Transitions.Rotate(Acme, old), old, oldKey)!;
        return Transitions.ReportKey(Transitions.Rotate(state, next, Samples.Now.AddHours(1)), next, newKey)!;
    }

    private static void AssertKey(string? key, NetworkState state, AgentKind kind) => Assert.Equal(key, state.ReportedKeyOf(AgentOf(kind)));

    [Theory]
    [MemberData(nameof(Kinds))]
    [Trait("Promise", "A8")]
    public void A_key_that_both_secrets_told_stays_when_the_old_one_is_revoked_or_ends(AgentKind kind)
    {
        var state = Overlapping(kind, Key, Key);
        AssertKey(Key, state, kind);
        foreach (var next in new[] { Transitions.Revoke(state, credential => credential.Id == "old"), Transitions.Expire(state, Samples.Now.AddHours(2)) })
        {
            AssertKey(Key, next, kind);
            Assert.Equal(state.Revision, next.Revision);
            Assert.Equal("new", Assert.Single(next.Credentials).Id);
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    [Trait("Promise", "A8")]
    public void A_key_that_only_the_old_secret_told_goes_with_it_however_it_ends(AgentKind kind)
    {
        // The thief of the old secret told its own after the agent.
        var state = Transitions.ReportKey(Overlapping(kind, Key, Key), CredentialOf(kind, "old"), Other)!;
        AssertKey(Other, state, kind);
        var ends = new[]
        {
            Transitions.Revoke(state, credential => credential.Id == "old"),
            Transitions.Revoke(state, credential => credential.Agent == AgentOf(kind)),
            Transitions.Expire(state, Samples.Now.AddHours(2)),
            Transitions.Rotate(state, CredentialOf(kind, "old", "another hash")),
            Transitions.Rotate(state, CredentialOf(kind, "third")),
        };
        foreach (var next in ends)
        {
            AssertKey(null, next, kind);
            Assert.Equal(state.Revision + 1, next.Revision);
            Assert.DoesNotContain(Other, Samples.Compile(next).TableOf(new Agent(AgentKind.Relay, Acme.Relays[0].Id)).Peers.Select(peer => peer.PublicKey));
        }

        AssertKey(Other, Transitions.Revoke(state, credential => credential.Id == "new"), kind);
    }

    [Fact]
    [Trait("Promise", "A8")]
    public void What_a_relay_said_of_TLS_goes_with_its_key()
    {
        var relay = AgentOf(AgentKind.Relay);
        var state = Transitions.ReportTls(Overlapping(AgentKind.Relay, Key, Other), relay, new TlsOffer(443, null));
        Assert.Null(Transitions.Revoke(state, credential => credential.Id == "new").Relays[0].Tls);
        Assert.NotNull(Transitions.Revoke(state, credential => credential.Id == "old").Relays[0].Tls);
    }

    [Fact]
    [Trait("Promise", "A8")]
    public void By_a_credential_that_is_over_nothing_is_told()
    {
        var old = CredentialOf(AgentKind.Machine, "old");
        var state = Transitions.Rotate(Acme, old);
        foreach (var over in new[] { Acme, Transitions.Rotate(state, CredentialOf(AgentKind.Machine, "old", "another hash")) })
            Assert.Same(over, Transitions.ReportKey(over, old, Key));
        Assert.Null(Transitions.ReportKey(Transitions.ReportKey(state, AgentOf(AgentKind.Relay), Key)!, old, Key));
        var told = Transitions.ReportKey(state, old, Key)!;
        Assert.Same(told, Transitions.ReportKey(told, old, Key));
    }
}
