using Keyhole.Contracts;
using Keyhole.Lab;
using Keyhole.Ssh;

namespace Keyhole.SshHost.Tests;

/// <summary>The real tools of a host, in a machine of the lab.</summary>
public class AccountTests
{
    [LabFact("sshd", "sudo", "useradd")]
    [Trait("Promise", "B6")]
    [Trait("Promise", "B7")]
    [Trait("Promise", "B9")]
    public async Task An_account_stands_ready_with_home_shell_groups_and_sudo_before_the_first_login()
    {
        using var host = new DaemonHost();
        using var acme = new TestAuthority('a');
        host.StartServer();
        host.Host.Run("groupadd", "builders");
        var row = DaemonHost.Row(acme, [5]);
        await host.Remote.ReconcileAsync("acme", row);
        var account = await host.Remote.PrepareAsync(row with { Sudo = new SshSudo(SshSudoMode.Full, []), Groups = ["builders"] }, DaemonHost.Order(shell: "/bin/bash"));

        Assert.Equal("ada", account.Name);
        Assert.Null(account.SealedPassword);
        Assert.Equal([account.Principal], host.Principals("ada"));
        Assert.Equal([account.Principal], host.Principals("ada", acme.PublicKey.Fingerprint));
        Assert.Empty(host.Principals("ada", "SHA256:another"));
        Assert.Empty(host.Principals("root"));
        Assert.Empty(host.Principals("nobody-knows-it"));
        string certificate = acme.SignUser(host.UserKey, account.Principal);
        var (status, output, error) = host.Login("ada", certificate, "id -un; id -Gn; pwd; echo $SHELL; sudo -n id -un");
        Assert.True(status == 0, error + host.Host.ServerLog());
        Assert.Equal(["ada", "ada builders", "/home/ada", "/bin/bash", "root"], output.Split('\n', StringSplitOptions.RemoveEmptyEntries));

        // The next row takes back what this one no longer says; what others gave stays.
        host.Host.Run("groupadd", "friends");
        host.Host.Run("usermod", "-a", "-G", "friends", "ada");
        await host.Remote.PrepareAsync(row with { Sudo = new SshSudo(SshSudoMode.Commands, ["/usr/bin/id -un"]) }, DaemonHost.Order());
        (_, output, _) = host.Login("ada", certificate, "id -Gn; sudo -n id -un; sudo -n id -u || echo no");
        Assert.Equal(["ada friends", "root", "no"], output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        await host.Remote.PrepareAsync(row, DaemonHost.Order());
        Assert.Equal("no\n", host.Login("ada", certificate, "sudo -n id -un || echo no").Output);
        Assert.NotEqual(0, host.Login("root", certificate, "id").Status);
    }

    [LabFact("sshd", "sudo", "useradd")]
    [Trait("Promise", "B8")]
    [Trait("Threat", "33")]
    public async Task Names_that_mean_something_on_the_host_are_never_taken_and_impossible_ones_are_refused()
    {
        using var host = new DaemonHost();
        using var acme = new TestAuthority('a');
        var row = DaemonHost.Row(acme, [.. Enumerable.Range(1, 40)]);
        await host.Remote.ReconcileAsync("acme", row);
        var before = host.Host.Accounts();
        int user = 0;
        foreach (string name in new[] { "-oProxyCommand=x", "a;b", new string('a', 33), "ädä", "..", "a/b", "", "a\nb", "Ada", "9ada", "a b", "$(id)", "a:b" })
        {
            var order = DaemonHost.Order(++user) with { Name = name };
            await Assert.ThrowsAsync<AuthDaemonException>(() => host.Remote.ProvisionAsync(row, order));
        }

        Assert.Equal(before, host.Host.Accounts());
        host.Host.Run("useradd", "-m", "grace");
        host.Host.Run("mkdir", "/home/linus");
        foreach (string name in new[] { "root", "daemon", "sshd", "admin", "docker", "sudo", "grace", "linus" })
        {
            var account = await host.Remote.ProvisionAsync(row, DaemonHost.Order(++user, name));
            Assert.Equal(name + "2", account.Name);
            Assert.EndsWith($":{name}2", account.Principal, StringComparison.Ordinal);
            Assert.True(int.Parse(host.Passwd(account.Name)![2], null) >= 1000);
            Assert.Equal(account, await host.Remote.ProvisionAsync(row, DaemonHost.Order(user, name)));
        }

        // The same wish of others, and at the longest length.
        Assert.Equal("grace3", (await host.Remote.ProvisionAsync(row, DaemonHost.Order(++user, "grace"))).Name);
        string longest = new('x', 32);
        Assert.Equal(longest, (await host.Remote.ProvisionAsync(row, DaemonHost.Order(++user, longest))).Name);
        Assert.Equal(new string('x', 31) + "2", (await host.Remote.ProvisionAsync(row, DaemonHost.Order(++user, longest))).Name);
        Assert.Equal(before.Count + 12, host.Host.Accounts().Count);
    }

    [LabFact("sshd", "sudo", "useradd")]
    [Trait("Promise", "B8")]
    [Trait("Threat", "33")]
    public async Task A_name_to_which_the_hosts_own_sudo_rules_give_something_is_not_taken()
    {
        using var host = new DaemonHost();
        using var acme = new TestAuthority('a');
        host.Host.Write("/etc/sudoers.d/crew", "%crew ALL=(ALL) ALL\ncrew2 ALL=(root) NOPASSWD: /usr/bin/id\n", "440");
        var row = DaemonHost.Row(acme, [5, 6]);
        await host.Remote.ReconcileAsync("acme", row);
        Assert.Equal("crew3", (await host.Remote.ProvisionAsync(row, DaemonHost.Order(5, "crew"))).Name);
        Assert.Null(host.Passwd("crew"));
        Assert.Null(host.Passwd("crew2"));
        Assert.Equal("crew3\n", host.Host.Run("ls", "/home"));
        // Whoever is given something by the order is who it was before.
        Assert.Equal("crew3", (await host.Remote.PrepareAsync(row with { Sudo = new SshSudo(SshSudoMode.Full, []) }, DaemonHost.Order(5, "crew"))).Name);
        host.Host.Write("/etc/sudoers.d/all", "ALL ALL=(root) NOPASSWD: /usr/bin/id\n", "440");
        Assert.Contains("correct /etc/sudoers", (await Assert.ThrowsAsync<AuthDaemonException>(() => host.Remote.ProvisionAsync(row, DaemonHost.Order(6, "grace")))).Message, StringComparison.Ordinal);
        Assert.Equal("crew3\n", host.Host.Run("ls", "/home"));
    }

    [LabFact("sshd", "sudo", "useradd")]
    [Trait("Threat", "33")]
    public async Task An_account_that_somebody_else_took_over_is_let_go_with_its_rights()
    {
        using var host = new DaemonHost();
        using var acme = new TestAuthority('a');
        var row = DaemonHost.Row(acme, [5]) with { Sudo = new SshSudo(SshSudoMode.Full, []) };
        var order = DaemonHost.Order();
        await host.Remote.PrepareAsync(row, order);
        host.Host.Run("userdel", "-r", "ada");
        host.Host.Run("useradd", "-m", "-u", "4320", "-c", "Ada of the town", "ada");
        Assert.Empty(host.Principals("ada"));
        Assert.Equal("ada2", (await host.Remote.ProvisionAsync(row, order)).Name);
        Assert.False(File.Exists(host.Host.PathOf("/etc/sudoers.d/keyhole-ada")));
        // The name of another with our mark is another all the same: the number is part of it.
        host.Host.Run("usermod", "-u", "5432", "ada2");
        Assert.Empty(host.Principals("ada2"));
        await host.Remote.ReconcileAsync("acme", row with { Users = [] });
        Assert.False(host.IsLocked("ada"));
        Assert.False(host.IsLocked("ada2"));
        Assert.False(File.Exists(host.Host.PathOf("/etc/sudoers.d/keyhole-ada2")));
    }

    [LabFact("sshd", "sudo", "useradd")]
    [Trait("Threat", "35")]
    public async Task Orders_that_race_for_one_account_make_one_and_orders_that_race_for_one_name_make_two()
    {
        using var host = new DaemonHost();
        using var acme = new TestAuthority('a');
        var row = DaemonHost.Row(acme, [5, 6]);
        await host.Remote.ReconcileAsync("acme", row);
        int before = host.Host.Accounts().Count;
        var made = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => host.Remote.ProvisionAsync(row, DaemonHost.Order(5 + (i % 2)))));
        Assert.Equal(2, made.Distinct().Count());
        Assert.Equal(["ada", "ada2"], made.Select(account => account.Name).Distinct().Order());
        Assert.Equal(before + 2, host.Host.Accounts().Count);
    }

    [LabFact("sshd", "sudo", "useradd")]
    public async Task Who_loses_access_loses_the_session_and_the_account_until_access_comes_back()
    {
        using var host = new DaemonHost();
        using var acme = new TestAuthority('a');
        host.StartServer();
        var row = DaemonHost.Row(acme, [5, 6]) with { Sudo = new SshSudo(SshSudoMode.Full, []) };
        await host.Remote.ReconcileAsync("acme", row);
        var ada = await host.Remote.ProvisionAsync(row, DaemonHost.Order());
        var grace = await host.Remote.ProvisionAsync(row, DaemonHost.Order(6, "grace"));
        string certificate = acme.SignUser(host.UserKey, ada.Principal);
        // A process that does not heed SIGTERM, in a session of its own, and stops whatever of its user comes near it.
        var stubborn = host.StartLogin("ada", certificate, "trap '' TERM; setsid -f sh -c \"trap '' TERM; sleep 2; while :; do kill -s STOP -- -1; done\"; echo here; sleep 1000");
        var other = host.StartLogin("grace", acme.SignUser(host.UserKey, grace.Principal), "echo here; sleep 1000");
        stubborn.WaitForLine("^here$", TimeSpan.FromSeconds(60));
        other.WaitForLine("^here$", TimeSpan.FromSeconds(60));
        DaemonHost.Await(() => host.Host.Run("ps", "-o", "stat=", "-u", "ada").Contains('T', StringComparison.Ordinal), "Nothing is stopped.");

        await host.Remote.ReconcileAsync("acme", row with { Users = [6] });
        Assert.NotEqual(0, stubborn.WaitForExit(TimeSpan.FromSeconds(60)));
        Assert.False(host.Host.Runs("ada"));
        Assert.True(host.IsLocked("ada"));
        Assert.Empty(host.Principals("ada"));
        Assert.False(File.Exists(host.Host.PathOf("/etc/sudoers.d/keyhole-ada")));
        Assert.NotEqual(0, host.Login("ada", certificate, "id").Status);
        Assert.False(other.HasExited);
        Assert.False(host.IsLocked("grace"));
        await Assert.ThrowsAsync<AuthDaemonException>(() => host.Remote.ProvisionAsync(row with { Users = [6] }, DaemonHost.Order()));

        // An order brings no row with it.
        Assert.Equal(AuthDaemonFault.Conflict, (await Assert.ThrowsAsync<AuthDaemonException>(() => host.Remote.ProvisionAsync(row, DaemonHost.Order()))).Fault);
        await host.Remote.ReconcileAsync("acme", row);
        Assert.Equal(ada, await host.Remote.ProvisionAsync(row, DaemonHost.Order()));
        Assert.Equal(0, host.Login("ada", certificate, "id").Status);
        // Out of the row with the host itself.
        await host.Remote.ReconcileAsync("acme", row with { Users = [], Trusted = [] });
        Assert.True(host.IsLocked("ada") && host.IsLocked("grace"));
        Assert.DoesNotContain(acme.Line, host.Host.Read("/etc/ssh/keyhole/ca.pub"), StringComparison.Ordinal);
    }

    [LabFact("sshd", "sudo", "useradd")]
    public async Task An_account_without_a_login_for_the_idle_days_is_locked_and_the_next_order_unlocks_it()
    {
        using var host = new DaemonHost();
        using var acme = new TestAuthority('a');
        var row = DaemonHost.Row(acme, [5, 6]);
        await host.Remote.ReconcileAsync("acme", row);
        await host.Remote.ProvisionAsync(row, DaemonHost.Order());
        await host.Remote.ProvisionAsync(row, DaemonHost.Order(6, "grace"));
        host.StopDaemon();
        host.ChangeState(state =>
        {
            foreach (string moment in new[] { "created", "lastLogin" })
                state["accounts"]![0]![moment] = DateTimeOffset.UtcNow.AddDays(-31).ToString("O");
        });
        host.StartDaemon("--idle-days", "30");
        DaemonHost.Await(() => host.IsLocked("ada"), "The idle account is not locked.");
        Assert.False(host.IsLocked("grace"));
        Assert.Empty(host.Principals("ada"));
        await host.Remote.ProvisionAsync(row, DaemonHost.Order());
        Assert.False(host.IsLocked("ada"));
        Assert.Single(host.Principals("ada"));
    }

    [LabFact("sshd", "sudo", "useradd")]
    [Trait("Promise", "B16")]
    public async Task A_generated_password_is_readable_by_its_recipient_alone_and_is_what_sudo_asks_for()
    {
        using var host = new DaemonHost();
        using var acme = new TestAuthority('a');
        using var recipient = new SealedBox.Recipient();
        host.StartServer();
        var row = DaemonHost.Row(acme, [5]);
        var account = await host.Remote.PrepareAsync(row with { Sudo = new SshSudo(SshSudoMode.Full, []) }, DaemonHost.Order(passwordKey: recipient.PublicKey));
        string password = global::System.Text.Encoding.ASCII.GetString(recipient.Open(account.SealedPassword!)!);
        Assert.Matches("^[A-Za-z2-9]{20}$", password);
        string certificate = acme.SignUser(host.UserKey, account.Principal);
        Assert.Equal("no\n", host.Login("ada", certificate, "sudo -n id -un || echo no").Output);
        Assert.Equal("root\n", host.Login("ada", certificate, $"echo {password} | sudo -S -p '' id -un").Output);
        Assert.DoesNotContain(password, host.DaemonLog, StringComparison.Ordinal);
        Assert.NotEqual(0, host.Host.Execute("grep", "-rlF", password, "/var/lib/keyhole-ssh", "/etc", "/var/log").Status);
    }
}
