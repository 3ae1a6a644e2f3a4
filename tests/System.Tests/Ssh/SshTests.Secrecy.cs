using System.Security.Cryptography;
using System.Text;
using Keyhole.Cryptography;
using Keyhole.Lab;

namespace Keyhole.System.Tests;

public sealed partial class SshTests
{
    [LabFact("sshd", "ssh", "sudo", "setpriv", "curl", "tcpdump")]
    [Trait("Promise", "B2"), Trait("Promise", "B18"), Trait("Threat", "35")]
    public void No_private_key_and_no_pre_shared_key_is_on_a_cable_on_a_disk_on_a_command_line_or_in_a_log()
    {
        string capture1 = Path.Combine(shared.Network.Scratch, "desk.pcap"), capture2 = Path.Combine(shared.Network.Scratch, "site.pcap");
        byte[] publicKey;
        var files = new Dictionary<string, byte[]>();
        byte[] commands;
        using (var watch = new CommandLines())
        {
            // From the connector's first word to the daemon on: it has to prove itself again.
            var desk = Capture(World.Desk, "eth0", capture1);
            var site = Capture(World.BastionHost.Network, "lan1", capture2);
            var session = Ada.StartSsh(Vm1, "echo open; exec sleep 600");
            session.WaitForLine("^open$", s_patience);
            string option = File.ReadAllText($"/proc/{OpenSshOf(session)}/cmdline").Split('\0').Single(word => word.StartsWith("IdentityFile=", StringComparison.Ordinal));
            string folder = Path.GetDirectoryName(option["IdentityFile=".Length..])!;
            publicKey = Convert.FromBase64String(File.ReadAllText(option["IdentityFile=".Length..]).Split(' ')[1])[^Ed25519.PublicKeyLength..];
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(folder));
            Read(files, folder);
            Read(files, Ada.Data);
            commands = watch.Seen();
            session.Terminate(s_patience);
            Assert.False(Directory.Exists(folder));
            Network.Until("the captures hold a handshake and a login each", s_patience, () => new[] { capture1, capture2 }.All(file => new FileInfo(file).Length > 5000));
            foreach (var process in new[] { desk, site })
                process.Terminate(s_patience);
        }

        files["command lines"] = commands;
        files["logs"] = Encoding.UTF8.GetBytes(World.Topology.AllLines());
        files["capture at the desk"] = File.ReadAllBytes(capture1);
        files["capture at the site"] = File.ReadAllBytes(capture2);
        Assert.All(files, file => Assert.NotEmpty(file.Key));
        Assert.Contains("--pre-shared-key-file", Encoding.Latin1.GetString(commands), StringComparison.Ordinal);

        var search = new SecretSearch(shared.Network.PreSharedKey, publicKey);
        Assert.Empty(files.Where(file => search.HoldsKey(file.Value)).Select(file => file.Key));

        // What the programs keep: there the pre-shared key and keys of people have no place either.
        foreach (string folder in new[] { Network.ControlData, Network.DataOf("office-1"), Network.DataOf("vps"), Bob.Data })
            Read(files, folder);
        foreach (var host in new[] { World.BastionHost, World.Vm1Host, World.Vm2Host })
            foreach (string folder in new[] { "/var/lib/keyhole-ssh", "/etc/ssh/keyhole", "/var/log", "/home" })
                Read(files, host.PathOf(folder));
        Assert.Empty(files.Where(file => search.Texts(file.Value).Any()).Select(file => file.Key));
    }

    [LabFact]
    public void The_search_for_secrets_finds_them_where_they_are()
    {
        byte[] seed = RandomNumberGenerator.GetBytes(32);
        using var key = new Ed25519PrivateKey(seed);
        var search = new SecretSearch("the pre-shared key of a test", key.PublicKey.ToArray());
        byte[] noise = RandomNumberGenerator.GetBytes(300);
        Assert.False(search.HoldsKey(noise));
        Assert.Empty(search.Texts(noise));
        Assert.True(search.HoldsKey([.. noise, .. seed, .. noise]));
        Assert.True(search.HoldsKey(Encoding.ASCII.GetBytes($"a {Convert.ToBase64String([.. noise.AsSpan(0, 31), .. seed, 7, 8])} b")));
        Assert.True(search.HoldsKey(Encoding.ASCII.GetBytes($"a {Convert.ToHexStringLower([.. noise.AsSpan(0, 3), .. seed])} b")));
        Assert.NotEmpty(search.Texts([.. noise, .. "the pre-shared key of a test"u8, .. noise]));
        Assert.NotEmpty(search.Texts([.. noise, .. "-----BEGIN OPENSSH PRIVATE KEY-----"u8]));

        using var watch = new CommandLines();
        using var topology = new Topology();
        topology.Start(topology.Host("desk"), "sh", "-c", "sleep 600; : the pre-shared key of a test");
        for (var end = DateTime.UtcNow + s_patience; !search.Texts(watch.Seen()).Any(); Thread.Sleep(20))
            Assert.True(DateTime.UtcNow < end, "the command line is seen");
    }

    private LabProcess Capture(NetworkNamespace host, string link, string file)
    {
        var process = World.Topology.Start(host, "tcpdump", "-i", link, "--immediate-mode", "-U", "-s", "0", "-Z", "root", "-w", file);
        process.WaitForLine("listening on", s_patience);
        return process;
    }

    /// <summary>The program that <c>keyhole ssh</c> runs.</summary>
    private static string OpenSshOf(LabProcess keyhole) => LabProcess.Run("pgrep", "-P", $"{keyhole.Id}", "-x", "ssh").Trim();

    private static void Read(Dictionary<string, byte[]> files, string folder)
    {
        if (!Directory.Exists(folder))
            return;
        foreach (string path in Directory.EnumerateFiles(folder, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0, IgnoreInaccessible = true }))
        {
            try
            {
                // A socket is not to be read, and a log may be written to.
                if (new FileInfo(path).LinkTarget is null && File.GetAttributes(path) is not FileAttributes.Device)
                    files[path] = ReadShared(path);
            }
            catch (IOException)
            {
                continue;
            }
        }
    }

    private static byte[] ReadShared(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        return copy.ToArray();
    }
}
