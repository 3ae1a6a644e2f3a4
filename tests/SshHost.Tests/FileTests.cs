using Keyhole.Contracts;
using Keyhole.Lab;
using Keyhole.Ssh;

namespace Keyhole.SshHost.Tests;

/// <summary>What the daemon writes for sshd and sudo, and what it never writes through.</summary>
public class FileTests
{
    [LabFact("sshd", "sudo", "useradd")]
    [Trait("Threat", "35")]
    public async Task Links_in_the_place_of_its_files_are_replaced_and_never_followed()
    {
        using var host = new DaemonHost(startDaemon: false);
        using var acme = new TestAuthority('a');
        host.Host.Write("/root/victim", "untouched\n");
        host.Host.Run("mkdir", "/etc/ssh/keyhole");
        foreach (string file in new[] { "/etc/ssh/keyhole/ca.pub", "/etc/ssh/keyhole/revoked.krl", "/etc/ssh/keyhole/ssh_host_ed25519_key-cert.pub", "/etc/sudoers.d/keyhole-linus" })
            host.Host.Run("ln", "-s", "/root/victim", file);
        // What an administrator wrote stays, whatever its name.
        host.Host.Write("/etc/sudoers.d/keyhole-admins", "# ours\n");
        host.StartDaemon();
        bool IsThere(string account) => host.Host.Execute("test", "-L", $"/etc/sudoers.d/keyhole-{account}").Status == 0;
        DaemonHost.Await(() => !IsThere("linus"), "What is nobody's is not removed.");
        host.Host.Run("ln", "-s", "/root/victim", "/etc/sudoers.d/keyhole-marvin");
        var row = DaemonHost.Row(acme, [5, 6]);
        var state = await host.Remote.ReconcileAsync("acme", row);
        DaemonHost.Await(() => !IsThere("marvin"), "Nobody looks again when an organisation comes.");
        host.Host.Run("ln", "-s", "/root/victim", "/etc/sudoers.d/keyhole-grace");
        await host.Remote.ReconcileAsync("acme", row with { HostCertificates = [acme.SignHost(SshPublicKey.Parse(state.HostKeys[0])!, "vm")] });
        var full = new SshSudo(SshSudoMode.Full, []);
        // What lies where the account's rights would stand makes the name another's.
        Assert.Equal("grace2", (await host.Remote.PrepareAsync(row with { Sudo = full }, DaemonHost.Order(6, "grace"))).Name);
        Assert.Equal("ada", (await host.Remote.PrepareAsync(row, DaemonHost.Order())).Name);
        host.Host.Run("ln", "-s", "/root/victim", "/etc/sudoers.d/keyhole-ada");
        await host.Remote.PrepareAsync(row with { Sudo = full }, DaemonHost.Order());

        Assert.Equal("untouched\n", host.Host.Read("/root/victim"));
        Assert.Equal("644 root", host.Host.Run("stat", "-c", "%a %U", "/root/victim").Trim());
        Assert.Equal("regular file 644", host.Host.Run("stat", "-c", "%F %a", "/etc/ssh/keyhole/ca.pub").Trim());
        Assert.Equal("regular file 440", host.Host.Run("stat", "-c", "%F %a", "/etc/sudoers.d/keyhole-ada").Trim());
        Assert.Equal("keyhole-ada keyhole-admins keyhole-grace keyhole-grace2", string.Join(' ', host.Host.Run("ls", "-A", "/etc/sudoers.d").Split('\n', StringSplitOptions.RemoveEmptyEntries)));
    }

    [LabFact("sshd", "sudo", "useradd")]
    [Trait("Threat", "35")]
    public async Task Directories_in_which_others_could_put_a_link_are_refused()
    {
        using var host = new DaemonHost(startDaemon: false);
        using var acme = new TestAuthority('a');
        host.Host.Run("mkdir", "/root/elsewhere", "/root/open");
        host.Host.Run("ln", "-s", "/root/elsewhere", "/etc/ssh/keyhole");
        host.Host.Run("chmod", "777", "/root/open");
        foreach (string[] options in new[] { Array.Empty<string>(), ["--ssh-directory", "/root/open"], ["--state", "/root/open/state"], ["--ssh-directory", "/tmp/keyhole"] })
        {
            var (status, _, error) = host.Host.Execute("timeout", ["60", "keyhole-connector", "auth-daemon", "--pre-shared-key-file", "/root/psk", .. options]);
            Assert.Equal(1, status);
            Assert.Matches("^error: .*(symbolic link|users other than root may write)", error);
        }

        host.Host.Run("rm", "/etc/ssh/keyhole");
        host.StartDaemon();
        var row = DaemonHost.Row(acme, [5, 6]);
        await host.Remote.ReconcileAsync("acme", row);
        async Task<string> RefusedAsync(string home) =>
            (await Assert.ThrowsAsync<AuthDaemonException>(() => host.Remote.ProvisionAsync(row, DaemonHost.Order(home: home)))).Message;

        Assert.Contains("users other than root may write in /tmp", await RefusedAsync("/tmp"), StringComparison.Ordinal);
        Assert.Contains("does not exist", await RefusedAsync("/srv/nowhere"), StringComparison.Ordinal);
        Assert.Contains("not an absolute path", await RefusedAsync("/root/../tmp"), StringComparison.Ordinal);
        Assert.Null(host.Passwd("ada"));
        // A link that root made to a place of root's is the operator's; one in the place of a home directory makes the name another's.
        host.Host.Run("mkdir", "-p", "/var/people");
        host.Host.Run("ln", "-s", "/var/people", "/home/base");
        host.Host.Run("ln", "-s", "/etc", "/var/people/ada");
        Assert.Equal("ada2", (await host.Remote.ProvisionAsync(row, DaemonHost.Order(home: "/home/base"))).Name);
        host.Host.Run("ln", "-s", "/nowhere", "/home/grace");
        Assert.Equal("grace2", (await host.Remote.ProvisionAsync(row, DaemonHost.Order(6, "grace"))).Name);
    }

    [LabFact("sshd", "sudo", "useradd")]
    [Trait("Promise", "B9")]
    [Trait("Threat", "35")]
    public async Task Sudo_commands_mean_what_they_say_and_nothing_more()
    {
        using var host = new DaemonHost();
        using var acme = new TestAuthority('a');
        host.StartServer();
        var row = DaemonHost.Row(acme, [5]);
        await host.Remote.ReconcileAsync("acme", row);
        SshSudo Commands(params string[] commands) => new(SshSudoMode.Commands, commands);
        foreach (string command in new[]
        {
            "ALL", "/bin/id\nada ALL=(ALL) NOPASSWD: ALL", "/bin/id *", "/bin/ca?", "/bin/[a-z]d", "!/bin/su", "sudoedit /etc/passwd", "/bin/../bin/sh", "/bin/", "id", "/bin/id  -u", "",
            "/bin/echo #1", "/bin/echo \"a\"", "/bin/id ^.*$", "/bin/id \u00e4", "/bin/i,/bin/sh", "/bin/echo \\e",
        })
        {
            await Assert.ThrowsAsync<AuthDaemonException>(() => host.Remote.PrepareAsync(row with { Sudo = Commands(command) }, DaemonHost.Order()));
        }

        Assert.Null(host.Passwd("ada"));
        var account = await host.Remote.PrepareAsync(row with { Sudo = Commands("/usr/bin/echo a,b:c=d", "/usr/bin/id -u") }, DaemonHost.Order());
        string certificate = acme.SignUser(host.UserKey, account.Principal);
        var (_, output, error) = host.Login("ada", certificate, "sudo -n /usr/bin/echo a,b:c=d; sudo -n id -u; sudo -n id || echo no; sudo -n /usr/bin/echo a || echo no; sudo -n -u daemon id -u || echo no");
        Assert.True(output == "a,b:c=d\n0\nno\nno\nno\n", output + error);
        // Where the settings are none, nobody keeps what they said before.
        await Assert.ThrowsAsync<AuthDaemonException>(() => host.Remote.PrepareAsync(row with { Sudo = Commands("/bin/id *") }, DaemonHost.Order()));
        Assert.Equal("no\n", host.Login("ada", certificate, "sudo -n id -u || echo no").Output);
        var missing = await Assert.ThrowsAsync<AuthDaemonException>(() => host.Remote.PrepareAsync(row with { Groups = ["no-such-group"] }, DaemonHost.Order()));
        Assert.Contains("'no-such-group'", missing.Message, StringComparison.Ordinal);
    }

    [LabFact("sshd", "sudo", "useradd")]
    [Trait("Promise", "B1")]
    [Trait("Threat", "34")]
    public async Task Two_organisations_on_one_host_let_in_their_own_people_only()
    {
        using var host = new DaemonHost();
        using var acme = new TestAuthority('a');
        using var globex = new TestAuthority('b');
        host.StartServer();
        var ofAcme = DaemonHost.Row(acme, [5]);
        var ofGlobex = DaemonHost.Row(globex, [5], resource: 9);
        await host.Remote.ReconcileAsync("acme", ofAcme);
        host.Admit(globex);
        var globexState = await host.Remote.ReconcileAsync("globex", ofGlobex);
        var acmeState = await host.Remote.ReconcileAsync("acme", ofAcme);
        var ada = await host.Remote.ProvisionAsync(ofAcme, DaemonHost.Order());
        var other = await host.Remote.ProvisionAsync(ofGlobex, DaemonHost.Order());

        Assert.Equal(("ada", "ada2"), (ada.Name, other.Name));
        Assert.NotEqual(ada.Principal.Split(':')[3], other.Principal.Split(':')[3]);
        // Each certifies keys of its own: sshd shows one certificate per type of key.
        Assert.Equal(["ssh-ed25519", "ecdsa-sha2-nistp256"], acmeState.HostKeys.Concat(globexState.HostKeys).Select(key => key.Split(' ')[0]));
        Assert.Contains("another organisation's", (await Assert.ThrowsAsync<AuthDaemonException>(() => host.Remote.ReconcileAsync("globex", ofGlobex with { Trusted = [globex.Line, acme.Line], Revoked = [1] }))).Message, StringComparison.Ordinal);
        Assert.Contains("types of host keys", (await Assert.ThrowsAsync<AuthDaemonException>(() => host.Remote.ReconcileAsync("acme", DaemonHost.Row(acme, [], resource: 11)))).Message, StringComparison.Ordinal);
        await host.Remote.ReconcileAsync("acme", DaemonHost.Row(acme, [], resource: 11) with { Trusted = [] });
        Assert.Equal(0, host.Login("ada", acme.SignUser(host.UserKey, ada.Principal), "true").Status);
        Assert.Equal(0, host.Login("ada2", globex.SignUser(host.UserKey, other.Principal), "true").Status);
        Assert.NotEqual(0, host.Login("ada", globex.SignUser(host.UserKey, ada.Principal), "true").Status);
        Assert.NotEqual(0, host.Login("ada", acme.SignUser(host.UserKey, other.Principal), "true").Status);
        Assert.NotEqual(0, host.Login("ada", acme.SignUser(host.UserKey, "ada"), "true").Status);

        // A certificate that was taken back, and the next one; then the whole organisation.
        string first = acme.SignUser(host.UserKey, ada.Principal);
        await host.Remote.ReconcileAsync("acme", ofAcme with { Revoked = [acme.LastSerial] });
        Assert.NotEqual(0, host.Login("ada", first, "true").Status);
        Assert.Equal(0, host.Login("ada", acme.SignUser(host.UserKey, ada.Principal), "true").Status);
        await host.Remote.ReconcileAsync("acme", ofAcme with { Trusted = [], Users = [] });
        Assert.NotEqual(0, host.Login("ada", acme.SignUser(host.UserKey, ada.Principal), "true").Status);
        Assert.Equal(0, host.Login("ada2", globex.SignUser(host.UserKey, other.Principal), "true").Status);
        // What the first leaves goes to the other, which keeps its own.
        Assert.Equal(["ssh-ed25519", "ecdsa-sha2-nistp256"], (await host.Remote.ReconcileAsync("globex", ofGlobex)).HostKeys.Select(key => key.Split(' ')[0]));
    }

    [LabFact("sshd", "sudo", "useradd")]
    [Trait("Promise", "B5")]
    public async Task Host_certificates_of_the_authority_are_shown_by_sshd_without_a_restart_and_others_are_not()
    {
        using var host = new DaemonHost();
        using var acme = new TestAuthority('a');
        using var globex = new TestAuthority('b');
        host.StartServer();
        var row = DaemonHost.Row(acme, [5]);
        var state = await host.Remote.ReconcileAsync("acme", row);
        Assert.Equal([acme.Line], state.Trusted);
        var keys = state.HostKeys.Select(line => SshPublicKey.Parse(line)!).ToList();
        await host.Remote.ReconcileAsync("acme", row with { HostCertificates = [.. keys.Select(key => globex.SignHost(key, "vm")), acme.SignUser(keys[0], "vm")] });
        Assert.Equal("ca.pub revoked.krl", string.Join(' ', host.Host.Run("ls", "/etc/ssh/keyhole").Split('\n', StringSplitOptions.RemoveEmptyEntries)));

        await host.Remote.ReconcileAsync("acme", row with { HostCertificates = [.. keys.Select(key => acme.SignHost(key, "vm"))] });
        host.Host.Write("/root/known", $"@cert-authority * {acme.Line}\n");
        (int, string, string) Known(string name) => host.Host.Execute("ssh", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o", "UserKnownHostsFile=/root/known", "-o", $"HostKeyAlias={name}", "ada@127.0.0.1", "true");
        // Nobody is let in; what is asked is whether the host is believed.
        DaemonHost.Await(() => Known("vm").Item3.Contains("Permission denied", StringComparison.Ordinal), "sshd does not show its certificate.");
        Assert.Contains("Host key verification failed", Known("another").Item3, StringComparison.Ordinal);
    }
}
