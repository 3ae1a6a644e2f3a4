using Keyhole.Contracts;
using Keyhole.Cryptography;
using Keyhole.Lab;

namespace Keyhole.SshHost.Tests;

/// <summary>Who may speak for an organisation at a daemon, and which of its words counts.</summary>
public class SpeakerTests
{
    [LabFact("sshd", "sudo", "useradd")]
    [Trait("Promise", "B12")]
    [Trait("Threat", "35")]
    public async Task The_pre_shared_key_alone_is_nothing_at_a_host_that_was_met()
    {
        using var host = new DaemonHost();
        using var acme = new TestAuthority('a');
        using var other = PrivateKey.Generate(RandomSource.System);
        await using var stranger = host.Connect(DaemonHost.Key, other);
        var row = DaemonHost.Row(acme, [5]);
        await host.Remote.ReconcileAsync("acme", row);
        await host.Remote.ProvisionAsync(row, DaemonHost.Order());

        string before = host.Host.Read(DaemonHost.StateFile);
        var accounts = host.Host.Accounts();
        Assert.Contains($"'keyhole-connector auth-daemon admit --authority {acme.Id}'", await RefusalAsync(() => stranger.ReconcileAsync("acme", row with { Users = [5, 6] })), StringComparison.Ordinal);
        await RefusalAsync(() => stranger.ReconcileAsync("acme", row with { Users = [], Trusted = [] }));
        await RefusalAsync(() => stranger.ProvisionAsync(row, DaemonHost.Order()));
        Assert.Equal(before, host.Host.Read(DaemonHost.StateFile));
        Assert.Equal(accounts, host.Host.Accounts());

        // Those whom the row names, as long as it names them.
        await host.Remote.ReconcileAsync("acme", row with { Connectors = [other.PublicKey.ToString()] });
        await stranger.ReconcileAsync("acme", row with { Connectors = [host.ConnectorKey.PublicKey.ToString(), other.PublicKey.ToString()] });
        await stranger.ProvisionAsync(row, DaemonHost.Order());
        await host.Remote.ReconcileAsync("acme", row with { Connectors = [host.ConnectorKey.PublicKey.ToString()] });
        await RefusalAsync(() => stranger.ReconcileAsync("acme", row));

        // The word of the host's root.
        host.Admit(acme);
        await stranger.ReconcileAsync("acme", row);
        await RefusalAsync(() => host.Remote.ReconcileAsync("acme", row));
    }

    [LabFact("sshd", "sudo", "useradd")]
    [Trait("Promise", "B12")]
    [Trait("Threat", "35")]
    public async Task A_host_of_two_sites_is_served_by_the_connectors_of_both()
    {
        using var host = new DaemonHost();
        using var acme = new TestAuthority('a');
        using var key = PrivateKey.Generate(RandomSource.System);
        await using var second = host.Connect(DaemonHost.Key, key);
        var first = host.Remote;
        var row = DaemonHost.Row(acme, [5]) with { Site = 1, Connectors = [host.ConnectorKey.PublicKey.ToString()] };
        var other = DaemonHost.Row(acme, [5, 6], resource: 8) with { Site = 2, Connectors = [key.PublicKey.ToString()] };
        await first.ReconcileAsync("acme", row);
        await RefusalAsync(() => second.ReconcileAsync("acme", other));
        host.Admit(acme);
        await first.ReconcileAsync("acme", row);
        await second.ReconcileAsync("acme", other);
        host.StopDaemon();
        host.StartDaemon();
        await first.ReconcileAsync("acme", row);

        // One account, whichever way its user comes.
        var account = await first.ProvisionAsync(row, DaemonHost.Order());
        Assert.Equal(account.Name, (await second.ProvisionAsync(other, DaemonHost.Order())).Name);
        Assert.Equal(2, host.Principals("ada").Length);
        Assert.Equal("grace", (await second.ProvisionAsync(other, DaemonHost.Order(6, "grace"))).Name);
        await RefusalAsync(() => second.ProvisionAsync(row, DaemonHost.Order()));
        await RefusalAsync(() => second.ReconcileAsync("acme", row with { Users = [], Trusted = [] }));

        // The account is locked when it has lost both ways.
        await second.ReconcileAsync("acme", other with { Users = [6] });
        Assert.Equal([account.Principal], host.Principals("ada"));
        await first.ReconcileAsync("acme", row with { Users = [] });
        Assert.True(host.IsLocked("ada"));
        Assert.False(host.IsLocked("grace"));
        await second.ReconcileAsync("acme", other with { Users = [], Trusted = [] });
        Assert.True(host.IsLocked("grace"));
        await RefusalAsync(() => second.ReconcileAsync("acme", other));
        await first.ReconcileAsync("acme", row);
    }

    [LabFact("sshd", "sudo", "useradd")]
    [Trait("Threat", "34")]
    [Trait("Threat", "35")]
    public async Task One_more_organisation_comes_to_a_host_by_the_word_of_its_root()
    {
        using var host = new DaemonHost();
        using var acme = new TestAuthority('a');
        using var globex = new TestAuthority('b');
        using var key = PrivateKey.Generate(RandomSource.System);
        await using var ofGlobex = host.Connect(DaemonHost.Key, key);
        await host.Remote.ReconcileAsync("acme", DaemonHost.Row(acme, [5]));
        var row = DaemonHost.Row(globex, [5], resource: 9);
        Assert.Contains($"admit --authority {globex.Id}'", await RefusalAsync(() => ofGlobex.ReconcileAsync("globex", row)), StringComparison.Ordinal);
        Assert.DoesNotContain(globex.Line, host.Host.Read("/etc/ssh/keyhole/ca.pub"), StringComparison.Ordinal);
        host.Admit(globex);
        // An order is not how one meets.
        await Assert.ThrowsAsync<AuthDaemonException>(() => ofGlobex.ProvisionAsync(row, DaemonHost.Order()));
        await ofGlobex.ReconcileAsync("globex", row);
        await ofGlobex.ProvisionAsync(row, DaemonHost.Order());
        await RefusalAsync(() => ofGlobex.ReconcileAsync("acme", DaemonHost.Row(acme, [5])));
        await RefusalAsync(() => host.Remote.ReconcileAsync("globex", row));
        // Who asks without the key that signed hears nothing where two organisations are.
        Assert.Empty(host.Principals("ada"));
        Assert.Single(host.Principals("ada", globex.PublicKey.Fingerprint));
        Assert.Empty(host.Principals("ada", acme.PublicKey.Fingerprint));
        // Also when the last resource has gone.
        await host.Remote.ReconcileAsync("acme", DaemonHost.Row(acme, []) with { Trusted = [] });
        await RefusalAsync(() => ofGlobex.ReconcileAsync("acme", DaemonHost.Row(acme, [5])));
        await host.Remote.ReconcileAsync("acme", DaemonHost.Row(acme, [5]));
        var (status, _, error) = host.Host.Execute("keyhole-connector", "auth-daemon", "admit", "--authority", "../../etc");
        Assert.NotEqual(0, status);
        Assert.Contains("32 lower-case hexadecimal digits", error, StringComparison.Ordinal);
    }

    [LabFact("sshd", "sudo", "useradd")]
    [Trait("Promise", "B12")]
    [Trait("Threat", "34")]
    public async Task What_is_older_than_what_the_host_was_told_lets_nobody_in_again()
    {
        using var host = new DaemonHost();
        using var acme = new TestAuthority('a');
        var row = DaemonHost.Row(acme, [5, 6]);
        var without = row with { Users = [6] };
        Task<SshHostState> Say(SshRow said, long revision, string lineage = Tables.Lineage) => host.Remote.ReconcileAsync("acme", said, new RowVersion(lineage, revision), CancellationToken.None);
        async Task Outdated(SshRow said, long revision, string lineage = Tables.Lineage) =>
            Assert.Equal(AuthDaemonFault.Conflict, (await Assert.ThrowsAsync<AuthDaemonException>(() => Say(said, revision, lineage))).Fault);

        await Say(row, 10);
        await host.Remote.ProvisionAsync(row, DaemonHost.Order());
        await Say(without, 12);
        Assert.True(host.IsLocked("ada"));
        await Outdated(row, 11);
        await Outdated(row with { Resource = 8 }, 11);
        await Outdated(row with { Users = [], Trusted = [] }, 11);
        Assert.Equal(AuthDaemonFault.Conflict, (await Assert.ThrowsAsync<AuthDaemonException>(() => host.Remote.ProvisionAsync(row, DaemonHost.Order()))).Fault);
        Assert.True(host.IsLocked("ada"));
        // The same once more is no harm, and of the same table either is right.
        await Say(without, 11);
        await Say(row, 12);
        await Say(without, 12);

        // Gone is gone.
        await Say(row with { Users = [], Trusted = [] }, 20);
        await Outdated(row, 19);
        Assert.Empty(host.Principals("ada"));

        // Control was restored: its revisions begin anew, and the former ones are over.
        string restored = new('b', 32);
        await Say(without, 2, restored);
        await Outdated(row, 1_000);
        await Outdated(row, 1_000, "");
        await Outdated(row, 1, restored);
        await Say(row, 3, restored);
        Assert.Equal("ada", (await host.Remote.ProvisionAsync(row, DaemonHost.Order())).Name);
        host.Admit(acme);
        await Say(row, 1_000);
    }

    [LabFact("sshd", "sudo", "useradd")]
    [Trait("Promise", "B5")]
    [Trait("Threat", "34")]
    public async Task A_key_of_the_authority_that_was_retired_is_kept_by_no_resource_that_nobody_speaks_of()
    {
        using var host = new DaemonHost();
        using var old = new TestAuthority('a');
        using var renewed = new TestAuthority('a');
        await host.Remote.ReconcileAsync("acme", DaemonHost.Row(old, [5], resource: 8));
        await host.Remote.ReconcileAsync("acme", DaemonHost.Row(old, [5]) with { Trusted = [renewed.Line, old.Line] });
        Assert.Contains(old.Line, host.Host.Read("/etc/ssh/keyhole/ca.pub"), StringComparison.Ordinal);
        var state = await host.Remote.ReconcileAsync("acme", DaemonHost.Row(renewed, [5]));
        Assert.Equal([renewed.Line], state.Trusted);
        Assert.DoesNotContain(old.Line, host.Host.Read("/etc/ssh/keyhole/ca.pub"), StringComparison.Ordinal);
        Assert.Contains(renewed.Line, host.Host.Read("/etc/ssh/keyhole/ca.pub"), StringComparison.Ordinal);
    }

    private static async Task<string> RefusalAsync(Func<Task> action)
    {
        var refusal = await Assert.ThrowsAsync<AuthDaemonException>(action);
        Assert.Equal(AuthDaemonFault.Forbidden, refusal.Fault);
        return refusal.Message;
    }
}
