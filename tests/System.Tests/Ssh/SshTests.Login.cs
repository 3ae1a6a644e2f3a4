using System.Globalization;
using System.Security.Cryptography;
using Keyhole.Lab;

namespace Keyhole.System.Tests;

public sealed partial class SshTests
{
    [LabFact("sshd", "ssh", "sudo", "setpriv", "curl")]
    [Trait("Promise", "B5"), Trait("Promise", "B7"), Trait("Promise", "B8"), Trait("Promise", "B9"), Trait("Promise", "B11"), Trait("Promise", "B12"), Trait("Promise", "B13"), Trait("Promise", "B17"), Trait("Promise", "B18")]
    public void People_log_in_to_the_connectors_host_and_to_hosts_with_daemons_of_their_own_and_may_do_there_what_was_set_up()
    {
        int before = Signatures();
        foreach (var (alias, host) in new[] { (Bastion, World.BastionHost), (Vm1, World.Vm1Host), (Vm2, World.Vm2Host) })
        {
            Assert.Equal("ada /home/ada ada\n", Printed(Ada.Ssh(alias, "echo $(id -un) $PWD $(stat -c %U .)")));
            Assert.Equal("bob\n", Printed(Bob.Ssh(alias, "id", "-un")));
            Assert.Contains("ssh-ed25519 ", host.Read("/etc/ssh/keyhole/ca.pub"), StringComparison.Ordinal);
            Assert.False(File.Exists(host.PathOf("/home/ada/.ssh/authorized_keys")));
            Assert.True(int.Parse(host.Run("id", "-u", "ada"), CultureInfo.InvariantCulture) >= 1000);
        }

        Assert.Equal(before + 6, Signatures());

        // None, some, all.
        Assert.NotEqual(0, Ada.Ssh(Bastion, "sudo -n -l").Status);
        Assert.Contains("/usr/bin/id -u", Printed(Ada.Ssh(Vm1, "sudo -n -l")), StringComparison.Ordinal);
        Assert.Equal("0\n", Printed(Ada.Ssh(Vm1, "sudo -n /usr/bin/id -u")));
        Assert.Equal(1, Ada.Ssh(Vm1, "sudo -n /usr/bin/id -g").Status);
        Assert.Equal(1, Ada.Ssh(Vm1, "sudo -n /usr/bin/id -u root").Status);
        Assert.Contains("games", Printed(Ada.Ssh(Vm1, "id -Gn")), StringComparison.Ordinal);
        Assert.Contains("ALL", Printed(Ada.Ssh(Vm2, "sudo -n -l")), StringComparison.Ordinal);
        Assert.Equal("root\n", Printed(Ada.Ssh(Vm2, "sudo -n id -un")));
    }

    [LabFact("sshd", "ssh", "sudo", "setpriv", "curl")]
    [Trait("Promise", "B12"), Trait("Promise", "B17")]
    public void Exit_codes_input_terminals_forwards_and_copies_are_those_of_OpenSSH()
    {
        Assert.Equal(7, Ada.Ssh(Vm1, "exit 7").Status);
        Assert.Equal((3, "out\n"), Ada.Ssh(Vm1, "--", "sh", "-c", "'echo out; exit 3'") is var (status, output, _) ? (status, output) : default);
        Assert.Contains("/dev/pts/", Printed(Ada.Ssh("-tt", Vm1, "tty")), StringComparison.Ordinal);
        Assert.Equal("a line\n", LabProcess.Run("ip", "netns", "exec", World.Desk.Name, "sh", "-c", "echo a line | \"$@\"", "sh", Programs.Client, "ssh", "--data", Ada.Data, Vm1, "cat"));

        // A forward, to where only the host gets to.
        using var service = Services.Tcp(World.Vm1Host.Network, "127.0.0.1", 8000);
        var forward = Ada.StartSsh("-N", "-L", "127.0.0.1:8022:127.0.0.1:8000", Vm1);
        Network.Until("the forward stands", s_patience, () => Services.Reaches(World.Desk, "127.0.0.1", 8022, 2), () => forward.Tail(5));
        Assert.True(Services.Download(World.Desk, "127.0.0.1", 8022, 2_000_000, seed: 1));
        forward.Terminate(s_patience);

        // Files, both ways, by the tunnel's interface and by the proxy.
        foreach (var person in new[] { Ada, Bob })
        {
            string sent = Path.Combine(person.Data, "sent"), received = Path.Combine(person.Data, "received");
            File.WriteAllBytes(sent, RandomNumberGenerator.GetBytes(1_000_000));
            Printed(person.Keyhole("scp", "--data", person.Data, sent, $"{Vm1}:copy"));
            Printed(person.Keyhole("scp", "--data", person.Data, $"{Vm1}:copy", received));
            Assert.Equal(File.ReadAllBytes(sent), File.ReadAllBytes(received));
        }
    }

    [LabFact("sshd", "ssh", "sudo", "setpriv", "curl", "faketime")]
    [Trait("Promise", "B4"), Trait("Promise", "B15"), Trait("Threat", "34")]
    public void A_signed_key_is_good_until_five_minutes_later_to_the_second_and_a_session_outlives_it()
    {
        var asked = DateTimeOffset.UtcNow;
        string key = SignedKey(Ada, Vm2);
        var answered = DateTimeOffset.UtcNow;
        string end = CertificateLine(key, "Valid:").Split(" to ")[1];
        var last = DateTimeOffset.Parse(end, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
        Assert.InRange(last, asked.AddMinutes(5).AddSeconds(-1), answered.AddMinutes(5).AddSeconds(1));
        string id = CertificateLine(key, "Key ID:");
        foreach (string part in new[] { "ada@acme.example", "vm-02", "acme" })
            Assert.Contains(part, id, StringComparison.Ordinal);
        try
        {
            // The server's clock stands: at +4:59 and +5:01 exactly, however long a login takes.
            World.Vm2Host.StartServer(last.AddSeconds(-1));
            Assert.Equal("ada\n", Printed(PlainSsh(key, "ada", SshWorld.Vm2, "id -un")));
            var session = World.Topology.Start(World.BastionHost.Network, "ssh", "-F", "none", "-o", "BatchMode=yes", "-i", key, "-o", "UserKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=no",
                $"ada@{SshWorld.Vm2}", "echo open; while [ ! -e word ]; do sleep 0.1; done; cat word; rm word");
            session.WaitForLine("^open$", s_patience);
            World.Vm2Host.StartServer(last.AddSeconds(1));
            Assert.Equal(Refused, PlainSsh(key, "ada", SshWorld.Vm2, "id -un").Status);
            Assert.Contains("expired", World.Vm2Host.ServerLog(), StringComparison.Ordinal);
            World.Vm2Host.Write("/home/ada/word", "still here\n");
            session.WaitForLine("^still here$", s_patience);
            // A server whose clock is behind takes no certificate of what is its future.
            World.Vm2Host.StartServer(asked.AddMinutes(-3));
            Assert.Equal(Refused, PlainSsh(key, "ada", SshWorld.Vm2, "id -un").Status);
        }
        finally
        {
            World.Vm2Host.StartServer();
        }
    }

    [LabFact("sshd", "ssh", "sudo", "setpriv", "curl")]
    [Trait("Promise", "B9"), Trait("Promise", "B16")]
    public void A_random_password_is_shown_once_and_is_what_sudo_asks_for()
    {
        var carol = shared.Network.Carol;
        Assert.Equal("root\n", Printed(carol.Ssh(Vm2, "sudo -n id -un")));
        var (status, output, error) = carol.Ssh("--generate-random-password", Vm2, "id -un");
        Assert.True(status == 0, error);
        Assert.Equal("carol\n", output);
        string password = global::System.Text.RegularExpressions.Regex.Match(error, @"password of carol on vm-02\S* is (\S+)").Groups[1].Value;
        Assert.Equal(20, password.Length);
        Assert.NotEqual(0, carol.Ssh(Vm2, "sudo -k -n id -un").Status);
        Assert.Equal("root\n", Printed(carol.Ssh(Vm2, $"echo '{password}' | sudo -k -S -p '' id -un")));
        Assert.NotEqual(0, carol.Ssh(Vm2, $"echo 'x{password}' | sudo -k -S -p '' id -un").Status);
        Assert.DoesNotContain(password, World.Vm2Host.Read("/etc/shadow") + World.Topology.Logs(), StringComparison.Ordinal);
    }
}
