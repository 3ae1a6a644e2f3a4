using System.Text.Json;
using System.Text.RegularExpressions;
using Keyhole.Lab;

namespace Keyhole.System.Tests;

public sealed partial class SshTests
{
    [LabFact("sshd", "ssh", "sudo", "setpriv", "curl")]
    [Trait("Promise", "B3"), Trait("Promise", "B4"), Trait("Threat", "34")]
    public void Who_loses_the_grant_loses_the_session_the_account_and_the_certificate_and_gets_the_account_back_with_the_grant()
    {
        var carol = shared.Network.Carol;
        string key = SignedKey(carol, Vm1);
        Assert.Equal("carol\n", Printed(PlainSsh(key, "carol", SshWorld.Vm1, "id -un; echo kept > kept")));
        var tunnelled = carol.StartSsh(Vm1, "echo open; exec sleep 600");
        tunnelled.WaitForLine("^open$", s_patience);
        // A session that no tunnel carries ends all the same.
        var direct = World.Topology.Start(World.BastionHost.Network, "ssh", "-F", "none", "-o", "BatchMode=yes", "-i", key, "-o", "UserKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=no",
            $"carol@{SshWorld.Vm1}", "echo open; exec sleep 600");
        direct.WaitForLine("^open$", s_patience);

        Network.Apply(SshNetwork.Acme(carol: false));
        try
        {
            Assert.NotEqual(0, tunnelled.WaitForExit(s_patience));
            Assert.NotEqual(0, direct.WaitForExit(s_patience));
            Network.Until("the account is locked", s_patience, () => World.Vm1Host.Run("passwd", "--status", "carol").Split(' ')[1] == "L");
            // The account is locked first; what runs is ended then.
            Network.Until("nothing of carol runs", s_patience, () => !World.Vm1Host.Runs("carol"), () => World.Vm1Host.Execute("ps", "-o", "pid,stat,args", "-u", "carol").Output);
            Assert.Equal(Refused, PlainSsh(key, "carol", SshWorld.Vm1, "id -un").Status);
            Assert.Empty(PrincipalsOf(World.Vm1Host, "carol"));
            Assert.Contains("is granted to you: ask an administrator", Refusal(carol.Ssh(Vm1, "id -un")), StringComparison.Ordinal);
            Assert.Equal("ada\n", Printed(Ada.Ssh(Vm1, "id -un")));
        }
        finally
        {
            Network.Apply(SshNetwork.Acme());
        }

        string last = "";
        Network.Until("carol is let in again", s_patience, () => carol.Ssh(Vm1, "cat kept") is var (status, output, error) && (last = error) is not null && (status, output) == (0, "kept\n"), () => last);
    }

    [LabFact("sshd", "ssh", "sudo", "setpriv", "curl")]
    [Trait("Promise", "B1"), Trait("Promise", "B8"), Trait("Threat", "33"), Trait("Threat", "34")]
    public void Two_organisations_on_one_host_know_nothing_of_each_others_people()
    {
        Printed(Ada.Ssh(Vm1, "true"));
        Network.Apply(SshNetwork.Umbrella);
        Network.Organisation = "umbrella";
        try
        {
            Network.StartRelay(World.Vps, "vps2", SshWorld.OtherRelay);
            Network.StartConnector(World.BastionHost.Network, "lab-1", "--ad-pre-shared-key-file", shared.Network.KeyFile);
        }
        finally
        {
            Network.Organisation = "acme";
        }

        var other = new Person(Network, "ada@umbrella.example", "umbrella-laptop", World.Cafe);
        other.LogIn();
        string key = NewKey();
        string last = "";
        Match refused = Match.Empty;
        string[] Sign() => ["ssh", "sign", "shared.umbrella.internal", "--key-file", $"{key}.pub", "--data", other.Data];
        // The host serves somebody else: its root says that it serves these, too.
        Network.Until("the other organisation is refused", s_patience,
            () => (refused = Regex.Match(last = other.Keyhole(Sign()).Error, "'keyhole auth-daemon admit --authority ([0-9a-f]{32})'")).Success, () => last);
        World.Vm1Host.Run("keyhole", "auth-daemon", "admit", "--authority", refused.Groups[1].Value);
        Network.Until("the other organisation's people are let in", 3 * s_patience,
            () => other.Keyhole(Sign()) is var (status, _, error) && (last = error) is not null && status == 0, () => last);
        string account = World.Vm1Host.Accounts().Single(name => name != "ada" && name.StartsWith("ada", StringComparison.Ordinal));
        Assert.Equal($"{account}\n", Printed(PlainSsh(key, account, SshWorld.Vm1, "id -un")));
        Assert.Equal(Refused, PlainSsh(key, "ada", SshWorld.Vm1, "id -un").Status);
        Assert.Equal(Refused, PlainSsh(SignedKey(Ada, Vm1), account, SshWorld.Vm1, "id -un").Status);
        Assert.Equal("ada\n", Printed(PlainSsh(SignedKey(Ada, Vm1), "ada", SshWorld.Vm1, "id -un")));
        Assert.NotEmpty(PrincipalsOf(World.Vm1Host, account));
        Assert.Empty(PrincipalsOf(World.Vm1Host, account).Select(line => line.Split(':')[1]).Intersect(PrincipalsOf(World.Vm1Host, "ada").Select(line => line.Split(':')[1])));
        Assert.Equal(Authorities().Length + 1, World.Vm1Host.Read("/etc/ssh/keyhole/ca.pub").Split("ssh-ed25519 ").Length - 1);
        Assert.Contains("No resource is called", Refusal(Ada.Ssh("shared.umbrella.internal", "id")), StringComparison.Ordinal);
    }

    [LabFact("sshd", "ssh", "sudo", "setpriv", "curl")]
    [Trait("Promise", "B1"), Trait("Promise", "B5")]
    public void The_authority_is_replaced_while_people_log_in_and_none_of_them_fails()
    {
        var faults = new List<string>();
        SshHost[] hosts = [World.BastionHost, World.Vm1Host, World.Vm2Host];
        int logins = 0;
        bool ends = false;
        var people = new[] { (Ada, Vm1), (Bob, Vm2) }.Select(pair => Task.Factory.StartNew(() =>
        {
            while (!Volatile.Read(ref ends))
            {
                var (status, _, error) = pair.Item1.Ssh(pair.Item2, "true");
                Interlocked.Increment(ref logins);
                lock (faults)
                {
                    if (status != 0)
                        faults.Add(error);
                }
            }
        }, TaskCreationOptions.LongRunning)).ToArray();
        try
        {
            string[] before = Authorities();
            int[] trusted = [.. hosts.Select(Trusted)];
            Network.Operate("ssh", "rotate");
            string[] both = [];
            Network.Until("the hosts trust both", s_patience, () => (both = Authorities()).Length == before.Length + 1 && hosts.Select(Trusted).SequenceEqual(trusted.Select(count => count + 1)));
            int seen = Volatile.Read(ref logins);
            Network.Until("people log in between the two steps", s_patience, () => Volatile.Read(ref logins) >= seen + 4);
            // By force: there are resources whose auth daemon nobody has ever met.
            foreach (string old in before)
                Network.Operate("ssh", "retire", old, "--force");
            Network.Until("the hosts trust the new one alone", s_patience, () => hosts.Select(Trusted).SequenceEqual(trusted.Select(count => count + 1 - before.Length)));
            seen = Volatile.Read(ref logins);
            Network.Until("people log in afterwards", s_patience, () => Volatile.Read(ref logins) >= seen + 4);
        }
        finally
        {
            Volatile.Write(ref ends, true);
            Task.WaitAll(people);
        }

        Assert.Empty(faults);

        static int Trusted(SshHost host) => host.Read("/etc/ssh/keyhole/ca.pub").Split("ssh-ed25519 ").Length - 1;
    }

    [LabFact("sshd", "ssh", "sudo", "setpriv", "curl")]
    [Trait("Promise", "B5"), Trait("Threat", "35")]
    public void A_host_that_shows_another_key_is_not_spoken_to()
    {
        const string Folder = "/var/lib/false-host";
        var host = World.Vm2Host;
        host.Run("mkdir", "-p", Folder);
        host.Run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", $"{Folder}/key");
        using var authority = new HandMadeAuthority();
        try
        {
            // Whoever gets the connections to the host, with a key of their own, and with a certificate for it of an authority of their own.
            host.Network.Run("nft", "table ip false { chain to { type nat hook prerouting priority -100; tcp dport 22 redirect to :2222; }; }");
            foreach (string certificate in new[] { "", authority.Certificate(host.Read($"{Folder}/key.pub"), "vm-02.acme.internal,vm-02") })
            {
                host.Write($"{Folder}/key-cert.pub", certificate);
                host.Write($"{Folder}/config", $"Port 2222\nPidFile none\nHostKey {Folder}/key\n{(certificate.Length > 0 ? $"HostCertificate {Folder}/key-cert.pub\n" : "")}");
                using var server = host.StartProcess("/usr/sbin/sshd", "-D", "-e", "-f", $"{Folder}/config");
                server.WaitForLine("Server listening on 0.0.0.0 port 2222", s_patience);
                var (status, output, error) = Ada.Ssh(Vm2, "id");
                Assert.Equal((Refused, ""), (status, output));
                Assert.Contains("Host key verification failed", error, StringComparison.Ordinal);
                // It was this server that was met, and nobody came as far as a name.
                server.WaitForLine("Connection closed by|Connection reset by", s_patience);
            }
        }
        finally
        {
            LabProcess.TryRun("ip", "netns", "exec", host.Network.Name, "nft", "delete table ip false");
        }

        Assert.Equal("ada\n", Printed(Ada.Ssh(Vm2, "id -un")));
    }

    [LabFact("sshd", "ssh", "sudo", "setpriv", "curl")]
    [Trait("Promise", "B15"), Trait("Threat", "35")]
    public void A_host_proves_itself_to_any_ssh_by_a_certificate_and_one_that_was_forgotten_by_another_name()
    {
        var first = Checked(Vm2);
        Assert.Equal("ada\n", Printed(first.LogIn()));
        Network.Operate("ssh", "forget-host", "vm-02", "--yes");
        Network.Until("the host was met again", s_patience, () => Ada.Ssh(Vm2, "true").Status == 0);
        var next = Checked(Vm2);
        Assert.NotEqual(first.Alias, next.Alias);
        Network.Until("its server shows the certificate", s_patience, () => next.LogIn().Status == 0);
        var (status, output, error) = first.LogIn();
        Assert.Equal((Refused, ""), (status, output));
        Assert.Contains("Host key verification failed", error, StringComparison.Ordinal);

        // OpenSSH with nothing but what "ssh sign" says of the host.
        (string Alias, Func<(int Status, string Output, string Error)> LogIn) Checked(string host)
        {
            string key = NewKey();
            using var document = JsonDocument.Parse(Printed(Ada.Keyhole("ssh", "sign", host, "--key-file", $"{key}.pub", "--json", "--data", Ada.Data)));
            string alias = document.RootElement.GetProperty("hostKeyAlias").GetString()!;
            File.WriteAllText($"{key}.hosts", document.RootElement.GetProperty("knownHosts").GetString());
            return (alias, () => LabProcess.Execute(
                "ip",
                [
                    "netns", "exec", World.BastionHost.Network.Name, "ssh", "-F", "none", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-i", key, "-o", $"UserKnownHostsFile={key}.hosts",
                    "-o", "GlobalKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=yes", "-o", $"HostKeyAlias={alias}", "-l", "ada", SshWorld.Vm2, "id -un",
                ]));
        }
    }

    /// <summary>The fingerprints of the organisation's authority.</summary>
    private string[] Authorities()
    {
        using var document = JsonDocument.Parse(Network.Operate("ssh", "authority", "--json"));
        return [.. document.RootElement.GetProperty("keys").EnumerateArray().Select(key => key.GetProperty("fingerprint").GetString()!)];
    }
}
