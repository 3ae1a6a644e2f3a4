using Keyhole.Lab;

namespace Keyhole.System.Tests;

/// <summary>A systemd-resolved of its own on a host of the lab, with a message bus of its own, in a mount namespace where nothing is the machine's.</summary>
internal sealed class SystemdResolved : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("keyhole-resolved-").FullName;

    /// <param name="upstream">The server that it asks for everything else.</param>
    public SystemdResolved(Topology topology, NetworkNamespace host, string upstream)
    {
        string libraries = Find("libsystemd-shared-*.so") is { } library ? Path.GetDirectoryName(library)! : "";
        string script = Write("start", $"""
            #!/bin/sh
            set -e
            mkdir -p /run/systemd /run/dbus /etc/systemd
            for place in /run/systemd /run/dbus /etc/systemd; do mount -t tmpfs none $place; done
            (cat /etc/passwd; echo 'systemd-resolve:x:990:990::/:/usr/sbin/nologin') > {_folder}/passwd
            (cat /etc/group; echo 'systemd-resolve:x:990:') > {_folder}/group
            mount --bind {_folder}/passwd /etc/passwd
            mount --bind {_folder}/group /etc/group
            printf '[Resolve]\nDNS={upstream}\nLLMNR=no\nMulticastDNS=no\n' > /etc/systemd/resolved.conf
            mkdir -p /run/systemd/resolve
            chown 990:990 /run/systemd/resolve
            dbus-daemon --config-file={_folder}/bus.conf --nofork --nopidfile &
            while [ ! -S /run/dbus/system_bus_socket ]; do sleep 0.1; done
            LD_LIBRARY_PATH={libraries} {Program}
            """);
        Write("bus.conf", """
            <busconfig>
              <type>system</type>
              <listen>unix:path=/run/dbus/system_bus_socket</listen>
              <auth>EXTERNAL</auth>
              <policy context="default">
                <allow user="*"/> <allow own="*"/> <allow send_type="method_call"/> <allow send_type="signal"/> <allow send_type="method_return"/> <allow send_type="error"/>
                <allow receive_type="method_call"/> <allow receive_type="method_return"/> <allow receive_type="signal"/> <allow receive_type="error"/>
              </policy>
            </busconfig>
            """);
        var process = topology.Start(host, "unshare", "-m", "--propagation", "private", script);
        Write("resolvectl", $"""
            #!/bin/sh
            LD_LIBRARY_PATH={libraries} exec nsenter -t {process.Id} -m {Find("resolvectl") ?? "resolvectl"} "$@"
            """);
    }

    /// <summary>The program, as a package has installed it or as ./test has unpacked it; null where there is none.</summary>
    public static string? Program { get; } = File.Exists("/usr/lib/systemd/systemd-resolved") ? "/usr/lib/systemd/systemd-resolved" : Find("systemd-resolved");

    /// <summary>What a program needs in its environment to find resolvectl, which enters the mount namespace.</summary>
    public Dictionary<string, string> Environment => new() { ["PATH"] = $"{_folder}:{(global::System.Environment.GetEnvironmentVariable("PATH"))}:/usr/sbin:/sbin" };

    /// <summary>Runs resolvectl to its end.</summary>
    public (int Status, string Output, string Error) Resolvectl(NetworkNamespace host, params string[] arguments) =>
        LabProcess.Execute("ip", ["netns", "exec", host.Name, Path.Combine(_folder, "resolvectl"), .. arguments]);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string? Find(string name)
    {
        string folder = Path.Combine(Programs.Root, "out", "tools", "resolved");
        return Directory.Exists(folder) ? Directory.EnumerateFiles(folder, name, SearchOption.AllDirectories).FirstOrDefault(path => !path.Contains("/share/", StringComparison.Ordinal)) : null;
    }

    private string Write(string name, string content)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, content + "\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }
}
