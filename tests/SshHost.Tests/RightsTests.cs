using Keyhole.Contracts;
using Keyhole.Lab;

namespace Keyhole.SshHost.Tests;

/// <summary>What an account may do, and that it ends: also without a login, and whatever the host does.</summary>
public class RightsTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private static readonly SshSudo s_full = new(SshSudoMode.Full, []);

    [LabFact("sshd", "sudo", "useradd")]
    [Trait("Promise", "B9")]
    [Trait("Threat", "34")]
    public async Task Groups_and_sudo_follow_the_settings_without_a_login_and_less_ends_what_runs()
    {
        using var host = new DaemonHost();
        using var acme = new TestAuthority('a');
        host.StartServer();
        foreach (string group in new[] { "builders", "friends" })
            host.Host.Run("groupadd", group);
        var row = DaemonHost.Row(acme, [5]) with { Groups = ["builders"], Sudo = s_full };
        await host.Remote.ReconcileAsync("acme", row);
        var account = await host.Remote.ProvisionAsync(row, DaemonHost.Order());
        string certificate = acme.SignUser(host.UserKey, account.Principal);
        var session = host.StartLogin("ada", certificate, "echo here; sleep 1000");
        session.WaitForLine("^here$", s_patience);

        await host.Remote.ReconcileAsync("acme", row with { Groups = ["builders", "friends"] });
        Assert.Equal("ada builders friends\n", host.Host.Run("id", "-Gn", "ada"));
        Assert.False(session.HasExited);
        await host.Remote.ReconcileAsync("acme", row with { Groups = ["friends"], Sudo = new SshSudo(SshSudoMode.Commands, ["/usr/bin/id -u"]) });
        Assert.NotEqual(0, session.WaitForExit(s_patience));
        Assert.Equal("ada friends\n", host.Host.Run("id", "-Gn", "ada"));
        Assert.Equal("0\nno\n", host.Login("ada", certificate, "sudo -n id -u; sudo -n id -un || echo no").Output);

        // Nothing said is nothing; and what cannot be given does not keep what is to go.
        Assert.Contains("'nowhere'", (await Assert.ThrowsAsync<AuthDaemonException>(() => host.Remote.ReconcileAsync("acme", row with { Groups = ["nowhere"], Sudo = null }))).Message, StringComparison.Ordinal);
        Assert.Equal("ada\n", host.Host.Run("id", "-Gn", "ada"));
        Assert.Equal("no\n", host.Login("ada", certificate, "sudo -n id -u || echo no").Output);
        await host.Remote.ReconcileAsync("acme", row);
        Assert.Equal("ada builders\nroot\n", host.Login("ada", certificate, "id -Gn; sudo -n id -un").Output);
    }

    [LabFact("sshd", "sudo", "useradd")]
    [Trait("Promise", "B12")]
    [Trait("Threat", "34")]
    public async Task A_host_that_cannot_lock_an_account_ends_its_sessions_and_its_sudo_all_the_same()
    {
        using var host = new DaemonHost();
        using var acme = new TestAuthority('a');
        var row = DaemonHost.Row(acme, [5, 6]) with { Sudo = s_full };
        await host.Remote.ReconcileAsync("acme", row);
        await host.Remote.ProvisionAsync(row, DaemonHost.Order());
        await host.Remote.ProvisionAsync(row, DaemonHost.Order(6, "grace"));
        var running = new[] { "ada", "grace" }.Select(name => RunAs(host, name, "trap '' TERM; echo here; while :; do sleep 1; done")).ToList();
        host.Host.Run("mount", "--bind", "/bin/false", "/usr/sbin/usermod");
        await Assert.ThrowsAsync<AuthDaemonException>(() => host.Remote.ReconcileAsync("acme", row with { Users = [] }));
        Assert.All(running, process => Assert.NotEqual(0, process.WaitForExit(s_patience)));
        Assert.Empty(host.Host.Run("ls", "/etc/sudoers.d"));
        Assert.False(host.IsLocked("ada"));
        host.Host.Run("umount", "/usr/sbin/usermod");
        await host.Remote.ReconcileAsync("acme", row with { Users = [] });
        Assert.True(host.IsLocked("ada") && host.IsLocked("grace"));
    }

    [LabFact("sshd", "sudo", "useradd", "setpriv")]
    [Trait("Promise", "B12")]
    [Trait("Threat", "34")]
    public async Task What_forks_faster_than_a_list_is_read_ends_too_and_so_does_what_comes_through_after_the_lock()
    {
        using var host = new DaemonHost();
        using var acme = new TestAuthority('a');
        var row = DaemonHost.Row(acme, [5]);
        await host.Remote.ReconcileAsync("acme", row);
        await host.Remote.ProvisionAsync(row, DaemonHost.Order());
        // Each process starts the next in a session of its own, and is gone.
        host.Host.Write("/usr/local/bin/hop", "#!/bin/sh\ntrap '' TERM HUP\nsetsid -f /usr/local/bin/hop\n", "755");
        RunAs(host, "ada", "trap '' TERM HUP; echo here; exec /usr/local/bin/hop");
        await host.Remote.ReconcileAsync("acme", row with { Users = [] });
        Assert.False(host.Host.Runs("ada"));
        Assert.True(host.IsLocked("ada"));

        var late = RunAs(host, "ada", "echo here; sleep 1000");
        late.WaitForExit(s_patience);
        // The detector sees a process.
        RunAs(host, "daemon", "echo here; sleep 1000");
        Assert.True(host.Host.Runs("daemon"));
    }

    [LabFact("sshd", "sudo", "useradd")]
    [Trait("Threat", "33")]
    [Trait("Threat", "34")]
    public async Task Who_changes_the_comment_of_an_account_is_given_nothing_more_and_loses_everything_in_its_time()
    {
        using var host = new DaemonHost();
        using var acme = new TestAuthority('a');
        var row = DaemonHost.Row(acme, [5]) with { Sudo = s_full };
        await host.Remote.ReconcileAsync("acme", row);
        await host.Remote.ProvisionAsync(row, DaemonHost.Order());
        host.Host.Run("usermod", "-c", "Ada of the town", "ada");
        Assert.Empty(host.Principals("ada"));
        Assert.Contains("usermod -c", (await Assert.ThrowsAsync<AuthDaemonException>(() => host.Remote.ProvisionAsync(row, DaemonHost.Order()))).Message, StringComparison.Ordinal);
        var running = RunAs(host, "ada", "echo here; sleep 1000");
        await host.Remote.ReconcileAsync("acme", row with { Users = [] });
        running.WaitForExit(s_patience);
        Assert.True(host.IsLocked("ada"));
        Assert.Empty(host.Host.Run("ls", "/etc/sudoers.d"));
    }

    [LabFact("sshd", "sudo", "useradd")]
    [Trait("Threat", "34")]
    [Trait("Threat", "38")]
    public async Task Accounts_that_a_lost_state_does_not_name_are_locked_with_all_their_rights()
    {
        using var host = new DaemonHost();
        using var acme = new TestAuthority('a');
        var row = DaemonHost.Row(acme, [5]) with { Sudo = s_full };
        await host.Remote.ReconcileAsync("acme", row);
        await host.Remote.ProvisionAsync(row, DaemonHost.Order());
        var running = RunAs(host, "ada", "echo here; sleep 1000");
        host.Host.Run("useradd", "-c", "Keyhole Lane 5", "grace");
        host.Host.Run("useradd", "-c", $"Keyhole {new string('b', 32)} 5", "linus");
        host.StopDaemon();
        host.Host.Run("rm", DaemonHost.StateFile);
        host.StartDaemon();
        // Once somebody speaks for their organisation: else they may be another daemon's.
        await host.Remote.ReconcileAsync("acme", row);
        running.WaitForExit(s_patience);
        DaemonHost.Await(() => host.IsLocked("ada"), "The account is open.");
        Assert.Empty(host.Host.Run("ls", "/etc/sudoers.d"));
        Assert.Contains("account ada was made by an auth daemon whose state is not here", host.DaemonLog, StringComparison.Ordinal);
        Assert.Equal("ada2", (await host.Remote.ProvisionAsync(row, DaemonHost.Order())).Name);
        Assert.True(host.IsLocked("ada"));
        Assert.False(host.IsLocked("ada2"));
        // Somebody's, who merely is called so; and another daemon's.
        foreach (string other in new[] { "grace", "linus" })
            Assert.NotEqual("1", host.Host.Read("/etc/shadow").Split('\n').Single(line => line.StartsWith($"{other}:", StringComparison.Ordinal)).Split(':')[7]);
    }

    /// <summary>Runs a script as an account, without a login; it says "here" when it runs.</summary>
    private static LabProcess RunAs(DaemonHost host, string account, string script)
    {
        var process = host.Host.StartProcess("setpriv", "--reuid", account, "--clear-groups", "sh", "-c", script);
        process.WaitForLine("^here$", s_patience);
        return process;
    }
}
