using System.Net;
using Keyhole.Lab;

namespace Keyhole.System.Tests;

public sealed partial class SshTests
{
    [LabFact("sshd", "ssh", "sudo", "setpriv", "curl")]
    [Trait("Promise", "B3"), Trait("Promise", "B10")]
    public void Grant_resource_and_port_22_are_each_necessary_and_each_refusal_says_what_to_do()
    {
        int signatures = Signatures();
        var accounts = World.Vm2Host.Accounts();
        var words = new (string Alias, string Reason)[]
        {
            ("not-granted", "not granted to you"), ("no-port", "TCP 22"), ("no-ssh", "not set up for SSH"), ("nobody-knows", "no resource is called"), ("no-daemon", "22199"),
        };
        foreach (var (alias, reason) in words)
            UntilRefused(alias, reason);
        Assert.Equal(signatures, Signatures());
        Assert.Equal(accounts, World.Vm2Host.Accounts());
    }

    [LabFact("sshd", "ssh", "sudo", "setpriv", "curl")]
    [Trait("Promise", "B3"), Trait("Promise", "B10")]
    public void Nothing_is_signed_for_who_is_nobody_a_machine_or_blocked()
    {
        // The data directory of a machine holds no login, and neither does an empty one.
        Assert.Contains("keyhole login", Refusal(Network.RunKeyhole(World.Desk, "nobody", ["ssh", Vm1, "id"])), StringComparison.Ordinal);

        var dave = new Person(Network, "dave@acme.example", "dave-laptop", World.Cafe);
        dave.LogIn();
        Printed(dave.Keyhole("ssh", "sign", Vm1, "--key-file", $"{NewKey()}.pub", "--data", dave.Data));
        int signatures = Signatures();
        string device = dave.Device(Ada);
        Assert.Equal(200, Ada.Ask("POST", $"/api/v1/orgs/acme/devices/{device}/block").Status);
        // With the device went its login.
        Assert.Contains("is blocked, and its login ended with that", Refusal(dave.Ssh(Vm1, "id")), StringComparison.Ordinal);
        Assert.Equal(signatures, Signatures());
    }

    [LabFact("sshd", "ssh", "sudo", "setpriv", "curl")]
    [Trait("Promise", "B6"), Trait("Threat", "34")]
    public void A_certificate_opens_one_account_on_one_host_and_nothing_else()
    {
        Printed(Bob.Ssh(Vm2, "true"));
        string key = SignedKey(Ada, Vm2);
        Assert.Equal("ada\n", Printed(PlainSsh(key, "ada", SshWorld.Vm2, "id -un")));
        foreach (var (account, address) in new[] { ("bob", SshWorld.Vm2), ("root", SshWorld.Vm2), ("games", SshWorld.Vm2), ("ada", SshWorld.Vm1), ("ada", SshWorld.Bastion1) })
            Assert.Equal((Refused, ""), PlainSsh(key, account, address, "id -un") is var (status, output, _) ? (status, output) : default);

        // The right principal by the wrong authority.
        string principal = CertificateLine(key, "Principals:") is { Length: > 0 } inLine ? inLine : PrincipalsOf(World.Vm2Host, "ada").Single();
        using var other = new HandMadeAuthority();
        Assert.Equal(Refused, PlainSsh(other.UserKey(principal), "ada", SshWorld.Vm2, "id -un").Status);

        // One principal a line for an account of ours, and nothing, with success, for any other.
        Assert.All(PrincipalsOf(World.Vm2Host, "ada"), line => Assert.Matches("^keyhole:[0-9a-f]{32}:[0-9]+:[0-9a-f]{32}:ada$", line));
        Assert.NotEmpty(PrincipalsOf(World.Vm2Host, "ada"));
        foreach (string account in new[] { "root", "games", "nobody-knows" })
            Assert.Empty(PrincipalsOf(World.Vm2Host, account));
        Assert.Empty(PrincipalsOf(World.Vm2Host, "ada").Intersect(PrincipalsOf(World.Vm1Host, "ada")));
    }

    [LabFact("sshd", "ssh", "sudo", "setpriv", "curl")]
    [Trait("Promise", "B12"), Trait("Threat", "35")]
    public void A_wrong_pre_shared_key_makes_no_account_and_a_man_in_the_middle_learns_none()
    {
        string other = Path.Combine(shared.Network.Scratch, "other-key");
        File.WriteAllText(other, "another-key-of-another-operator\n");
        File.SetUnixFileMode(other, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        using var daemon = World.Vm2Host.StartProcess(
            "keyhole", "auth-daemon", "--pre-shared-key-file", other, "--port", "22130", "--state", "/var/lib/other-daemon", "--ssh-directory", "/etc/ssh/other-daemon");
        daemon.WaitForLine("auth daemon on https://", s_patience);
        var accounts = World.Vm2Host.Accounts();

        string answer = World.BastionHost.Network.Run("curl", "-sk", "-o", "/dev/null", "-w", "%{http_code}", "-X", "POST", "-H", $"Authorization: Bearer {shared.Network.PreSharedKey}x",
            "-d", "{}", $"https://{SshWorld.Vm2}:22130/v1/hosts/00000000000000000000000000000000/1/accounts");
        Assert.Equal("401", answer);
        using var middle = new TlsEar(World.Vm2Host.Network, IPAddress.Parse(SshWorld.Vm2), 22131);
        try
        {
            // The connector knows that nobody listened, and asks seldom by now; of a change it tells at once.
            Network.Apply(SshNetwork.Acme(dave: false));
            UntilRefused("other-key", "pre-shared key");
            UntilRefused("middle", "pre-shared key");
        }
        finally
        {
            Network.Apply(SshNetwork.Acme());
        }

        Network.Until("the man in the middle is asked", s_patience, () => middle.Handshakes > 0);
        Assert.Equal("", middle.Heard);
        LabProcess.TryRun("ip", "netns", "exec", World.BastionHost.Network.Name, "curl", "-sk", "--max-time", "2", "-H", "X-Word: heard", $"https://{SshWorld.Vm2}:22131/");
        Assert.Contains("X-Word: heard", middle.Heard, StringComparison.Ordinal);
        Assert.Equal(accounts, World.Vm2Host.Accounts());
    }

    [LabFact("sshd", "ssh", "sudo", "setpriv", "curl")]
    [Trait("Promise", "B12"), Trait("Threat", "35")]
    public void Who_is_granted_all_ports_of_a_host_does_not_come_to_its_auth_daemon_in_the_connectors_name()
    {
        const int NoTls = 35, ProxyRefuses = 97;
        Printed(Bob.Ssh(Vm2, "true"));
        long Refusals() => Network.ConnectorStatus("office-1")!.Value.GetProperty("targetsRefused").GetInt64();
        int Curl(int port) => LabProcess.Execute("ip", ["netns", "exec", Bob.Host.Name, "curl", "-sk", "--max-time", "60", "--socks5-hostname", "127.0.0.1:1080", $"https://{Vm2}:{port}/"]).Status;
        long before = Refusals();
        Assert.Equal(NoTls, Curl(22));
        Assert.Equal(ProxyRefuses, Curl(SshNetwork.OtherPort));
        Assert.True(Refusals() > before);
        // It answers the connector's own host.
        Assert.Equal("401", World.BastionHost.Network.Run("curl", "-sk", "-o", "/dev/null", "-w", "%{http_code}", $"https://{SshWorld.Vm2}:{SshNetwork.OtherPort}/"));
    }

    /// <summary>What is wrong with a host, Control hears from its connector, which may need a moment or a second try.</summary>
    private void UntilRefused(string alias, string reason)
    {
        string words = "";
        Network.Until($"{alias} is refused for '{reason}'", TimeSpan.FromMinutes(3),
            () => (words = Refusal(Ada.Ssh($"{alias}.acme.internal", "id"))).Contains(reason, StringComparison.OrdinalIgnoreCase), () => words);
    }

    /// <summary>As sshd asks, with each key that it trusts.</summary>
    private static string[] PrincipalsOf(SshHost host, string account) =>
        [.. host.Run("ssh-keygen", "-lf", "/etc/ssh/keyhole/ca.pub").Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .SelectMany(line => host.Run(host.Network.Label == "bastion" ? "keyhole-connector" : "keyhole", "auth-daemon", "principals", "--username", account, "--ca", line.Split(' ')[1])
                .Split('\n', StringSplitOptions.RemoveEmptyEntries)).Distinct()];
}
