using System.Runtime.Versioning;
using Keyhole.Cryptography;
using Keyhole.Ssh;

namespace Keyhole.Client.Tests;

[UnsupportedOSPlatform("windows")]
public sealed class OpenSshOptionsTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("keyhole-options").FullName;
    private readonly Ed25519PrivateKey _key = Ed25519PrivateKey.Generate(RandomSource.System);
    private readonly SignedKey _signed;
    private readonly SshFiles _files;

    public OpenSshOptionsTests()
    {
        _signed = SshSamples.Signed(_key);
        _files = SshFiles.Create(_signed);
    }

    public void Dispose()
    {
        _files.Dispose();
        _key.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public void What_ssh_is_told_holds_against_every_configuration_file_and_the_persons_own_options()
    {
        string file = Path.Combine(_directory, "config");
        File.WriteAllText(file, """
            Host *
              User root
              Hostname evil.example
              HostKeyAlias evil
              StrictHostKeyChecking no
              UserKnownHostsFile /dev/null
              GlobalKnownHostsFile /etc/evil
              KnownHostsCommand /bin/evil
              VerifyHostKeyDNS yes
              ProxyJump evil
              ControlMaster auto
              ControlPath /tmp/master-%r@%h
              ControlPersist yes
              IdentityAgent /run/evil
              IdentitiesOnly no
              ServerAliveInterval 17
            """);
        var line = SshLine.Parse(["-F", file, "-o", "StrictHostKeyChecking=accept-new", "-o", "ProxyCommand=evil", "-L", "8080:localhost:80", "-G", "vm-01", "id"]);
        var shown = Shown(new SshRoute("100.64.0.9", null), line);
        Assert.Equal("100.64.0.9", shown["hostname"]);
        Assert.Equal("ada", shown["user"]);
        Assert.Equal("keyhole-01234567-7", shown["hostkeyalias"]);
        Assert.Equal("true", shown["stricthostkeychecking"]);
        Assert.Equal(_files.KnownHosts, shown["userknownhostsfile"]);
        Assert.Equal("/dev/null", shown["globalknownhostsfile"]);
        Assert.Equal("false", shown["verifyhostkeydns"]);
        Assert.Equal("false", shown["updatehostkeys"]);
        Assert.Equal(_files.AgentSocket, shown["identityagent"]);
        Assert.Equal("yes", shown["identitiesonly"]);
        Assert.Equal(_files.PublicKey, shown["identityfile"]);
        Assert.Equal(_files.Certificate, shown["certificatefile"]);
        Assert.False(shown.ContainsKey("proxyjump"));
        Assert.Equal("none", shown.GetValueOrDefault("proxycommand", "none"));
        Assert.Equal("none", shown.GetValueOrDefault("knownhostscommand", "none"));
        Assert.Equal("no", shown["controlpersist"]);
        Assert.Equal("false", shown["controlmaster"]);
        Assert.Equal("none", shown.GetValueOrDefault("controlpath", "none"));
        // What does not touch that is the person's.
        Assert.Equal("17", shown["serveraliveinterval"]);
        Assert.Equal("8080 [localhost]:80", shown["localforward"]);
    }

    /// <summary>A host may have more keys than were enrolled: it is asked for one that was.</summary>
    [Fact]
    [Trait("Threat", "35")]
    public void The_host_is_asked_for_the_keys_that_were_enrolled()
    {
        Assert.Contains("HostKeyAlgorithms=ssh-ed25519", OpenSshOptions.For(_signed, new SshRoute("100.64.0.9", null), _files));
        string directory = Directory.CreateTempSubdirectory("keyhole-ssh").FullName;
        try
        {
            var keys = new List<SshPublicKey>();
            foreach (var (type, bits) in new[] { ("rsa", "2048"), ("ecdsa", "384"), ("ecdsa", "384") })
            {
                string file = Path.Combine(directory, $"{keys.Count}");
                Assert.Equal(0, SshSamples.Run("ssh-keygen", ["-q", "-t", type, "-b", bits, "-N", "", "-f", file]).Code);
                keys.Add(SshPublicKey.Parse(File.ReadAllText($"{file}.pub"))!);
            }

            Assert.Equal("rsa-sha2-512,rsa-sha2-256,ecdsa-sha2-nistp384", OpenSshOptions.HostKeyAlgorithms(keys));
            Assert.Equal(0, SshSamples.Run("ssh", ["-F", "none", "-G", "-o", $"HostKeyAlgorithms={OpenSshOptions.HostKeyAlgorithms([.. keys, SshSamples.HostKey])}", "vm-01"]).Code);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    [Trait("Promise", "B17")]
    public void Through_the_rootless_proxy_ssh_runs_this_program()
    {
        var shown = Shown(new SshRoute("100.64.0.9", "/home/ada/.local/state/keyhole"), SshLine.Parse(["-G", "vm-01"]));
        Assert.EndsWith("ssh proxy --data '/home/ada/.local/state/keyhole' %h %p", shown["proxycommand"], StringComparison.Ordinal);
        Assert.StartsWith("'/", shown["proxycommand"], StringComparison.Ordinal);
    }

    /// <summary>The shell that ssh starts sees the words as they are, whatever the directories are called.</summary>
    [Fact]
    [Trait("Threat", "33")]
    public void Nothing_in_a_path_is_understood_by_the_shell_or_by_ssh()
    {
        string odd = "/a b/'$(id)'/%h/\"x\"`id`\\";
        string program = Path.Combine(_directory, "it's a %program");
        File.WriteAllText(program, "#!/bin/sh\nprintf '<%s>' \"$@\" >&2\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        string command = OpenSshOptions.ProxyCommand(odd, [program]);
        var (_, text) = SshSamples.Run("ssh", ["-T", "-F", "none", "-o", $"ProxyCommand={command}", "-o", "Hostname=100.64.0.9", "vm-01"], ("SHELL", "/bin/sh"));
        Assert.Contains($"<ssh><proxy><--data><{odd}><100.64.0.9><22>", text, StringComparison.Ordinal);
    }

    private Dictionary<string, string> Shown(SshRoute route, SshLine line)
    {
        var (code, text) = SshSamples.Run("ssh", [.. OpenSshOptions.For(_signed, route, _files), .. line.Words(null)]);
        Assert.True(code == 0, text);
        return text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(row => row.Split(' ', 2)).GroupBy(row => row[0]).ToDictionary(rows => rows.Key, rows => rows.First().ElementAtOrDefault(1) ?? "");
    }
}
