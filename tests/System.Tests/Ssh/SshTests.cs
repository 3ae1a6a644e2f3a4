using System.Text.Json;
using Keyhole.Lab;

namespace Keyhole.System.Tests;

/// <summary>
/// SSH from <c>keyhole up</c> to a shell, with Debian's OpenSSH at both ends. Drawing: <see cref="SshWorld"/>. All tests share one network, one after the other, and
/// each leaves people, hosts and grants as it found them.
/// </summary>
[SideBySide]
public sealed partial class SshTests(SshShared shared) : IClassFixture<SshShared>
{
    private const string Bastion = "bastion.acme.internal";
    private const string Vm1 = "vm-01.acme.internal";
    private const string Vm2 = "vm-02.acme.internal";
    private const int Refused = 255;
    private static readonly TimeSpan s_patience = Network.Patience;

    private Network Network => shared.Network.Network;

    private SshWorld World => shared.Network.World;

    private Person Ada => shared.Network.Ada;

    private Person Bob => shared.Network.Bob;

    /// <summary>What a command printed that ended with status 0.</summary>
    private string Printed((int Status, string Output, string Error) result)
    {
        Assert.True(result.Status == 0, $"status {result.Status}: {result.Error}{result.Output}\n{World.Topology.Logs()}");
        return result.Output;
    }

    /// <summary>What a command said in one line that was refused.</summary>
    private static string Refusal((int Status, string Output, string Error) result)
    {
        Assert.Equal((Refused, ""), (result.Status, result.Output));
        return Assert.Single(result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    /// <summary>OpenSSH from the bastion's network, with a key whose certificate lies beside it.</summary>
    private (int Status, string Output, string Error) PlainSsh(string key, string account, string address, string command) => LabProcess.Execute(
        "ip",
        [
            "netns", "exec", World.BastionHost.Network.Name, "ssh", "-F", "none", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-i", key,
            "-o", "UserKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR", "-l", account, address, command,
        ]);

    /// <summary>A new key of a person's with a certificate by <c>keyhole ssh sign</c>; gives the file of the private key.</summary>
    private string SignedKey(Person person, string alias)
    {
        string key = NewKey();
        Printed(person.Keyhole("ssh", "sign", alias, "--key-file", $"{key}.pub", "--data", person.Data));
        Assert.True(File.Exists($"{key}-cert.pub"));
        return key;
    }

    /// <summary>A key without a certificate; gives the file of the private key.</summary>
    private string NewKey()
    {
        string key = Path.Combine(shared.Network.Scratch, $"key-{Guid.NewGuid():N}");
        LabProcess.Run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", key);
        return key;
    }

    /// <summary>A line of what <c>ssh-keygen -L</c> says of a key's certificate.</summary>
    private static string CertificateLine(string key, string name) =>
        LabProcess.Run("env", "TZ=UTC", "ssh-keygen", "-L", "-f", $"{key}-cert.pub").Split('\n').First(line => line.Trim().StartsWith(name, StringComparison.Ordinal)).Trim()[name.Length..].Trim();

    /// <summary>How many signatures the audit log of the organisation holds.</summary>
    private int Signatures()
    {
        const int Page = 1000;
        int found = 0;
        string[] before = [];
        while (true)
        {
            using var document = JsonDocument.Parse(Network.Operate(["audit", "list", "--limit", $"{Page}", "--json", .. before]));
            var rows = document.RootElement.GetProperty("rows").EnumerateArray().ToList();
            found += rows.Count(row => row.GetProperty("action").GetString() == "ssh-sign");
            if (rows.Count < Page)
                return found;
            before = ["--before", $"{rows.Min(row => row.GetProperty("number").GetInt64())}"];
        }
    }
}
