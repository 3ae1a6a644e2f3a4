using System.Runtime.Versioning;

namespace Keyhole.Client.Tests.Names;

[SupportedOSPlatform("linux")]
public sealed class ResolverChoiceTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("keyhole-choice-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(SystemdResolver.Kind, "stub-resolv.conf", "nameserver 127.0.0.53\noptions edns0\n")]
    [InlineData(SystemdResolver.Kind, null, "nameserver 127.0.0.54\n")]
    [InlineData(FileResolver.Kind, "resolv.conf", "nameserver 192.0.2.1\n")]
    [InlineData(FileResolver.Kind, null, "nameserver 192.0.2.1\n")]
    [Trait("Promise", "D9")]
    public void Systemd_resolved_is_told_where_programs_ask_it(string kind, string? target, string content)
    {
        // The tool is there; what counts is what the programs of the machine read.
        string tool = Path.Combine(_folder, SystemdResolver.Tool);
        File.WriteAllText(tool, "#!/bin/sh\n");
        File.SetUnixFileMode(tool, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        Environment.SetEnvironmentVariable("PATH", $"{Environment.GetEnvironmentVariable("PATH")}:{_folder}");
        string path = Path.Combine(_folder, "etc-resolv.conf");
        if (target is null)
        {
            File.WriteAllText(path, content);
        }
        else
        {
            string file = Path.Combine(Directory.CreateDirectory(Path.Combine(_folder, "run", "systemd", "resolve")).FullName, target);
            File.WriteAllText(file, content);
            File.CreateSymbolicLink(path, file);
        }

        Assert.Equal(kind, ResolverChoice.Of(ResolverChoice.Auto, "keyhole0", path)!.Name);
    }
}
