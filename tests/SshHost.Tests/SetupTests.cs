using Keyhole.Lab;

namespace Keyhole.SshHost.Tests;

/// <summary><c>ssh setup</c> and the command line of the daemon.</summary>
public class SetupTests
{
    private const string Main = "/etc/ssh/sshd_config";
    private const string Own = "/etc/ssh/sshd_config.d/keyhole.conf";

    [LabFact("sshd", "sudo", "useradd")]
    [Trait("Promise", "B6")]
    public void The_lines_are_printed_and_installed_and_what_sshd_refuses_is_taken_back()
    {
        using var host = new DaemonHost(startDaemon: false);
        string main = host.Host.Read(Main);
        string printed = host.Host.Run("keyhole-connector", "ssh", "setup");
        Assert.Equal(
            ["TrustedUserCAKeys /etc/ssh/keyhole/ca.pub", "AuthorizedPrincipalsCommand /usr/local/bin/keyhole-connector auth-daemon principals --username %u --ca %F",
                "AuthorizedPrincipalsCommandUser root", "RevokedKeys /etc/ssh/keyhole/revoked.krl", "HostCertificate /etc/ssh/keyhole/ssh_host_ed25519_key-cert.pub",
                "HostCertificate /etc/ssh/keyhole/ssh_host_ecdsa_key-cert.pub"],
            printed.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.False(File.Exists(host.Host.PathOf(Own)));

        // Something else in it is wrong: the configuration stays as it was, and says what.
        host.Host.Write(Main, main + "\nNoSuchKeyword yes\n");
        var (status, _, error) = host.Host.Execute("keyhole-connector", "ssh", "setup", "--install");
        Assert.Equal(1, status);
        Assert.Contains("NoSuchKeyword", error, StringComparison.Ordinal);
        Assert.False(File.Exists(host.Host.PathOf(Own)));

        // Another authority is there already.
        host.Host.Write(Main, main + "\nTrustedUserCAKeys /etc/ssh/another.pub\n");
        (status, _, error) = host.Host.Execute("keyhole-connector", "ssh", "setup", "--install");
        Assert.Equal(1, status);
        Assert.Contains("/etc/ssh/another.pub", error, StringComparison.Ordinal);

        host.Host.Write(Main, main);
        for (int i = 0; i < 2; i++)
            Assert.Contains(Own, host.Host.Run("keyhole-connector", "ssh", "setup", "--install"), StringComparison.Ordinal);
        Assert.Contains(printed, host.Host.Read(Own), StringComparison.Ordinal);
        Assert.Equal(main, host.Host.Read(Main));
        host.Host.Run("/usr/sbin/sshd", "-t");
    }

    [LabFact("sshd", "sudo", "useradd")]
    [Trait("Promise", "B6")]
    public void Without_a_folder_for_more_the_lines_stand_in_front_of_the_configuration_once()
    {
        using var host = new DaemonHost(startDaemon: false);
        host.Host.Write(Main, "UsePAM yes\nMatch User grace\n    X11Forwarding no\n", "600");
        for (int i = 0; i < 2; i++)
            Assert.Contains(Main, host.Host.Run("keyhole-connector", "ssh", "setup", "--install"), StringComparison.Ordinal);
        string main = host.Host.Read(Main);
        Assert.Equal(2, main.Split("TrustedUserCAKeys").Length);
        Assert.EndsWith("UsePAM yes\nMatch User grace\n    X11Forwarding no\n", main, StringComparison.Ordinal);
        Assert.Equal("600", host.Host.Run("stat", "-c", "%a", Main).Trim());
        Assert.Contains("trustedusercakeys /etc/ssh/keyhole/ca.pub", host.Host.Run("/usr/sbin/sshd", "-T"), StringComparison.Ordinal);
    }

    [LabFact("sshd", "sudo", "useradd")]
    [Trait("Promise", "B6")]
    public void A_block_for_some_that_puts_another_line_in_force_for_our_accounts_is_named_and_others_are_left_alone()
    {
        using var host = new DaemonHost(startDaemon: false);
        string main = host.Host.Read(Main);
        (int Status, string Error) Install(string block)
        {
            host.Host.Write(Main, $"{main}\n{block}\n");
            var (status, _, error) = host.Host.Execute("keyhole-connector", "ssh", "setup", "--install");
            return (status, error);
        }

        // For somebody whom we do not know, and for what we do not set.
        foreach (string block in new[] { "Match User git\n    TrustedUserCAKeys /etc/ssh/another.pub", "Match all\n    X11Forwarding no", "Match Group builders\n    AuthorizedPrincipalsCommand none" })
        {
            Assert.Equal(0, Install(block).Status);
            host.Host.Run("rm", Own);
        }

        foreach (string criteria in new[] { "User *,!root", "Address 127.0.0.0/8", "LocalPort 22", "Host 127.0.0.1" })
        {
            var (status, error) = Install($"Match {criteria}\n    TrustedUserCAKeys /etc/ssh/another.pub");
            Assert.Equal(1, status);
            Assert.Contains("for every account that is logged in to from 127.0.0.1, a Match block puts another line in force instead of 'TrustedUserCAKeys /etc/ssh/keyhole/ca.pub': 'TrustedUserCAKeys /etc/ssh/another.pub'", error, StringComparison.Ordinal);
            Assert.False(File.Exists(host.Host.PathOf(Own)));
        }

        // For the group of an account that was made here.
        host.Host.Run("groupadd", "builders");
        host.Host.Run("useradd", "-G", "builders", "ada");
        host.Host.Run("mkdir", "-p", "-m", "700", "/var/lib/keyhole-ssh");
        host.Host.Write(DaemonHost.StateFile, $$"""{"version":1,"accounts":[{"authority":"{{new string('a', 32)}}","user":5,"name":"ada","identity":"ada@example.com","created":"2031-05-06T07:08:09Z"}]}""", "600");
        var (refused, reason) = Install("Match Group builders\n    AuthorizedPrincipalsCommand none");
        Assert.Equal(1, refused);
        Assert.Contains("for the account ada that is logged in to from 127.0.0.1, a Match block puts another line in force instead of 'AuthorizedPrincipalsCommand /usr/local/bin/keyhole-connector", reason, StringComparison.Ordinal);
        Assert.Contains("': 'AuthorizedPrincipalsCommand none'", reason, StringComparison.Ordinal);
    }

    [LabFact("sshd", "sudo", "useradd")]
    [Trait("Promise", "B12")]
    public void The_daemon_says_what_its_command_line_lacks_and_takes_no_key_that_everybody_reads()
    {
        using var host = new DaemonHost(startDaemon: false);
        (int Status, string Error) Run(params string[] arguments)
        {
            var (status, _, error) = host.Host.Execute("timeout", ["-k", "60", "60", "keyhole-connector", "auth-daemon", .. arguments]);
            return (status, error);
        }

        host.Host.Write("/root/short", "short\n", "600");
        Assert.Contains("A pre-shared key is required", Run().Error, StringComparison.Ordinal);
        Assert.Contains("at least 24 characters", Run("--pre-shared-key-file", "/root/short").Error, StringComparison.Ordinal);
        Assert.Contains("/root/nothing cannot be read", Run("--pre-shared-key-file", "/root/nothing").Error, StringComparison.Ordinal);
        Assert.Contains("both given", Run("--pre-shared-key-file", "/root/psk", "--pre-shared-key", DaemonHost.Key).Error, StringComparison.Ordinal);
        Assert.Contains("--port is '70000'", Run("--pre-shared-key-file", "/root/psk", "--port", "70000").Error, StringComparison.Ordinal);
        Assert.Contains("is not an IP address", Run("--pre-shared-key-file", "/root/psk", "--listen", "here").Error, StringComparison.Ordinal);
        Assert.Contains("cannot listen", Run("--pre-shared-key-file", "/root/psk", "--listen", "192.0.2.1").Error, StringComparison.Ordinal);
        foreach (string mode in new[] { "604", "620", "602" })
        {
            host.Host.Write("/root/open", DaemonHost.Key + "\n", mode);
            Assert.Contains("open to other users", Run("--pre-shared-key-file", "/root/open").Error, StringComparison.Ordinal);
        }

        host.Host.Run("setpriv", "--reuid", "65534", "--clear-groups", "sh", "-c", "keyhole-connector auth-daemon --pre-shared-key " + DaemonHost.Key + " 2>&1 | grep 'run it as root'");

        var daemon = host.Host.StartProcess("keyhole-connector", "auth-daemon", "--pre-shared-key", DaemonHost.Key, "--port", "22124", "--listen", "127.0.0.1");
        daemon.WaitForLine("stands on the command line, where every user of this host reads it", TimeSpan.FromSeconds(60));
        daemon.WaitForLine("auth daemon on https://127.0.0.1:22124, pin [A-Za-z0-9+/]{43}=", TimeSpan.FromSeconds(60));
        Keyhole.Lab.SshHost.Signal(daemon, "TERM");
        Assert.Equal(0, daemon.WaitForExit(TimeSpan.FromSeconds(60)));
    }
}
