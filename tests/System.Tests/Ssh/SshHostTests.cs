using Keyhole.Lab;

namespace Keyhole.System.Tests;

/// <summary>
/// The host of the tests of SSH itself, with an authority made by hand: what these show of OpenSSH is what Keyhole's certificates are built on.
/// <c>desk 10.1.0.2 -- 10.1.0.1 server</c>
/// </summary>
[SideBySide]
public class SshHostTests
{
    private const string Address = "10.1.0.1";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [LabFact("sshd", "ssh", "sudo")]
    [Trait("Promise", "B6"), Trait("Threat", "34")]
    public void The_three_directives_let_in_who_shows_a_certificate_for_a_principal_of_the_account_and_nobody_else()
    {
        using var topology = new Topology();
        using var authority = new HandMadeAuthority();
        using var other = new HandMadeAuthority();
        var (desk, server) = Build(topology, authority);
        server.StartServer();

        string key = authority.UserKey("ticket-of-ada", serial: 7);
        Assert.Equal((0, "ada\n"), Ssh(desk, key, "ada", "id -un"));
        Assert.Equal((3, ""), Ssh(desk, key, "ada", "exit 3"));
        Assert.Equal(255, Ssh(desk, key, "bob", "id -un").Status);
        Assert.Equal(255, Ssh(desk, key, "root", "id -un").Status);
        Assert.Equal(255, Ssh(desk, key, "nobody-knows", "id -un").Status);
        Assert.Equal(255, Ssh(desk, authority.UserKey("ticket-of-bob"), "ada", "id -un").Status);
        Assert.Equal(255, Ssh(desk, other.UserKey("ticket-of-ada"), "ada", "id -un").Status);
        File.Delete($"{key}-cert.pub");
        Assert.Equal(255, Ssh(desk, key, "ada", "id -un").Status);

        File.WriteAllBytes(server.PathOf("/etc/ssh/revoked.krl"), authority.RevocationList(7));
        Assert.Equal((0, "ada\n"), Ssh(desk, authority.UserKey("ticket-of-ada", serial: 8), "ada", "id -un"));
        Assert.Equal(255, Ssh(desk, authority.UserKey("ticket-of-ada", serial: 7), "ada", "id -un").Status);
    }

    [LabFact("sshd", "ssh", "sudo", "faketime")]
    [Trait("Promise", "B4"), Trait("Threat", "34")]
    public void A_certificate_is_good_to_its_last_second_and_a_session_outlives_it()
    {
        using var topology = new Topology();
        using var authority = new HandMadeAuthority();
        var (desk, server) = Build(topology, authority);
        var start = new DateTimeOffset(2031, 5, 6, 7, 8, 9, TimeSpan.Zero);
        string key = authority.UserKey("ticket-of-ada", start, start.AddMinutes(5));

        server.StartServer(start.AddMinutes(5).AddSeconds(-1));
        Assert.Equal((0, "ada\n"), Ssh(desk, key, "ada", "id -un"));
        var session = topology.Start(desk, "ssh", Arguments(key, "ada", "echo open; while [ ! -e /tmp/none ]; do sleep 0.1; cat ~/word 2>/dev/null; done"));
        session.WaitForLine("^open$", Patience);

        foreach (var (moment, reason) in new[] { (start.AddMinutes(5).AddSeconds(1), "expired"), (start.AddSeconds(-1), "not yet valid") })
        {
            server.StartServer(moment);
            Assert.Equal(255, Ssh(desk, key, "ada", "id -un").Status);
            Assert.Contains($"Certificate invalid: {reason}", server.ServerLog(), StringComparison.Ordinal);
        }

        server.Write("/home/ada/word", "still here\n");
        session.WaitForLine("^still here$", Patience);
    }

    [LabFact("sshd", "ssh", "sudo")]
    public void A_host_is_known_by_its_certificate_and_by_the_name_in_it()
    {
        using var topology = new Topology();
        using var authority = new HandMadeAuthority();
        using var other = new HandMadeAuthority();
        var (desk, server) = Build(topology, authority);
        authority.CertifyHost(server, "keyhole-server");
        server.StartServer();

        string key = authority.UserKey("ticket-of-ada");
        Assert.Equal((0, "ada\n"), Ssh(desk, key, "ada", "id -un", "-o", "HostKeyAlias=keyhole-server", "-o", $"UserKnownHostsFile={authority.KnownHosts()}", "-o", "StrictHostKeyChecking=yes"));
        Assert.Equal(255, Ssh(desk, key, "ada", "id -un", "-o", "HostKeyAlias=keyhole-other", "-o", $"UserKnownHostsFile={authority.KnownHosts()}", "-o", "StrictHostKeyChecking=yes").Status);
        Assert.Equal(255, Ssh(desk, key, "ada", "id -un", "-o", "HostKeyAlias=keyhole-server", "-o", $"UserKnownHostsFile={other.KnownHosts()}", "-o", "StrictHostKeyChecking=yes").Status);
    }

    [LabFact("sshd", "ssh", "sudo")]
    public void A_host_has_its_own_accounts_terminals_and_processes()
    {
        string before = File.ReadAllText("/etc/passwd");
        using (var topology = new Topology())
        using (var authority = new HandMadeAuthority())
        {
            var (desk, server) = Build(topology, authority);
            var twin = SshHost.Start(topology, desk);
            twin.Run("useradd", "--create-home", "eve");
            Assert.Contains("ada", server.Accounts());
            Assert.DoesNotContain("eve", server.Accounts());
            Assert.Equal("1000\n", server.Run("id", "-u", "ada"));
            Assert.Equal("1000\n", twin.Run("id", "-u", "eve"));
            Assert.Equal("server\n", server.Run("uname", "-n"));

            // The same number on two hosts, and one is killed.
            var spared = twin.StartProcess("setpriv", "--reuid=1000", "--regid=1000", "--clear-groups", "sh", "-c", "echo runs; sleep 600");
            spared.WaitForLine("^runs$", Patience);
            var killed = server.StartProcess("setpriv", "--reuid=1000", "--regid=1000", "--clear-groups", "sh", "-c", "echo runs; sleep 600");
            killed.WaitForLine("^runs$", Patience);
            server.Run("pkill", "-KILL", "-u", "1000");
            killed.WaitForExit(Patience);
            Assert.False(spared.HasExited);

            server.StartServer();
            string key = authority.UserKey("ticket-of-ada");
            Assert.Contains("/dev/pts/", Ssh(desk, key, "ada", "tty", "-tt").Output, StringComparison.Ordinal);
            Assert.Equal((1, ""), Ssh(desk, key, "ada", "sudo -n id -u"));
            server.Write("/etc/sudoers.d/ada", "ada ALL=(root) NOPASSWD: /usr/bin/id\n", "440");
            Assert.Equal((0, "0\n"), Ssh(desk, key, "ada", "sudo -n id -u"));
        }

        Assert.Equal(before, File.ReadAllText("/etc/passwd"));
        Assert.DoesNotContain(Directory.EnumerateDirectories("/home"), home => home.EndsWith("/ada", StringComparison.Ordinal));
    }

    private static (NetworkNamespace Desk, SshHost Server) Build(Topology topology, HandMadeAuthority authority)
    {
        var (desk, network) = (topology.Host("desk"), topology.Host("server"));
        Topology.Cable(desk, "eth0", ["10.1.0.2/24"], network, "eth0", [$"{Address}/24"]);
        var server = SshHost.Start(topology, network);
        foreach (string account in new[] { "ada", "bob" })
            server.Run("useradd", "--create-home", "--shell", "/bin/bash", account);
        server.Write("/etc/ssh/ca.pub", authority.PublicKey + "\n");
        server.Write($"{SshHost.Programs}/principals", "#!/bin/sh\necho \"ticket-of-$1\"\n", "755");
        File.WriteAllBytes(server.PathOf("/etc/ssh/revoked.krl"), authority.RevocationList(1_000_000));
        server.Write("/etc/ssh/sshd_config.d/authority.conf", $"""
            TrustedUserCAKeys /etc/ssh/ca.pub
            AuthorizedPrincipalsCommand {SshHost.Programs}/principals %u
            AuthorizedPrincipalsCommandUser root
            RevokedKeys /etc/ssh/revoked.krl

            """);
        return (desk, server);
    }

    private static (int Status, string Output) Ssh(NetworkNamespace desk, string key, string account, string command, params string[] options)
    {
        var (status, output, _) = LabProcess.Execute("ip", ["netns", "exec", desk.Name, "ssh", .. Arguments(key, account, command, options)]);
        return (status, output);
    }

    private static string[] Arguments(string key, string account, string command, params string[] options) =>
    [
        "-F", "none", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-i", key, .. options,
        "-o", "UserKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=no", "-l", account, Address, command,
    ];
}
