using Keyhole.Lab;

namespace Keyhole.SshHost.Tests;

/// <summary>What packaging/systemd ships.</summary>
public class UnitFileTests
{
    private static string Folder => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(DaemonHost.ProgramFile("keyhole-connector"))!, "..", "..", "packaging", "systemd"));

    [LabFact("systemd-analyze")]
    [Trait("Promise", "B14")]
    public void The_unit_of_the_auth_daemon_is_one_that_systemd_reads_and_names_no_secret()
    {
        string unit = File.ReadAllText(Path.Combine(Folder, "keyhole-auth-daemon.service"));
        Assert.Contains("ExecStart=/usr/local/bin/keyhole auth-daemon\n", unit, StringComparison.Ordinal);
        Assert.Contains("LoadCredential=pre-shared-key:", unit, StringComparison.Ordinal);
        string folder = Directory.CreateTempSubdirectory("keyhole-unit").FullName;
        try
        {
            // The program need not be installed where this is tested.
            string file = Path.Combine(folder, "keyhole-auth-daemon.service");
            File.WriteAllText(file, unit.Replace("/usr/local/bin/keyhole auth-daemon", "/bin/true", StringComparison.Ordinal));
            var (status, output, error) = LabProcess.Execute("systemd-analyze", "verify", "--man=no", file);
            Assert.True(status == 0 && !error.Contains(file, StringComparison.Ordinal), output + error);
            // The detector reads: a word that systemd does not know is named.
            File.AppendAllText(file, "\n[Service]\nNoSuchWord=1\n");
            Assert.Contains("NoSuchWord", LabProcess.Execute("systemd-analyze", "verify", "--man=no", file).Error, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
