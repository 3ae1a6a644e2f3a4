using System.Globalization;
using System.Text;

namespace Keyhole.Lab;

/// <summary>
/// A machine with accounts of its own and Debian's OpenSSH server: a host of a <see cref="Topology"/> with its own /etc, /home, /root, /run, /var, /usr/local/bin and
/// terminals, its own processes and its own name. Its accounts are the machine's system accounts, all without a password; whoever makes, changes or kills something
/// there does it to nobody else. Everything of it is in memory and goes with the topology.
/// </summary>
public sealed class SshHost : IDisposable
{
    /// <summary>Where the programs of <see cref="Start"/> lie: writable by root only in every folder above, as sshd asks of a command of its configuration.</summary>
    public const string Programs = "/usr/local/bin";

    private const string Server = "/usr/sbin/sshd";
    private const string ServerLogFile = "/var/log/sshd.log";
    private static readonly string[] s_accountFiles = ["/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow", "/etc/sudoers"];

    private readonly Topology _topology;
    private readonly string _id;
    private readonly string _machine = MachineAccounts();

    private SshHost(Topology topology, NetworkNamespace network, string id) => (_topology, Network, _id) = (topology, network, id);

    /// <summary>Where it stands.</summary>
    public NetworkNamespace Network { get; }

    /// <summary>The running sshd; null before <see cref="StartServer"/>.</summary>
    public LabProcess? SshServer { get; private set; }

    /// <summary>Makes the host. No sshd runs yet.</summary>
    /// <param name="programs">Files of the machine that are installed in <see cref="Programs"/>.</param>
    public static SshHost Start(Topology topology, NetworkNamespace network, params string[] programs)
    {
        ArgumentNullException.ThrowIfNull(topology);
        ArgumentNullException.ThrowIfNull(network);
        var first = topology.Start(network, "unshare", ["--mount", "--propagation", "private", "--uts", "--pid", "--fork", "--kill-child", "sh", "-euc", Script, "sh", network.Label, .. programs]);
        string id = first.WaitForLine("^ready ([0-9]+)$", TimeSpan.FromSeconds(60)).Groups[1].Value;
        return topology.Own(new SshHost(topology, network, id));
    }

    /// <summary>A file of the host by the path that it has there, as this process opens it. Links that lead to absolute paths are not followed there.</summary>
    public string PathOf(string path) => $"/proc/{_id}/root{path}";

    public string Read(string path) => File.ReadAllText(PathOf(path));

    /// <summary>Writes a file of root's on the host.</summary>
    /// <param name="mode">Octal.</param>
    public void Write(string path, string content, string mode = "644")
    {
        File.WriteAllText(PathOf(path), content);
        Run("chmod", mode, path);
    }

    /// <summary>Runs a command as the host's root to its end and returns its standard output.</summary>
    /// <exception cref="InvalidOperationException">It ended with a status other than 0; the message holds what it printed.</exception>
    public string Run(string program, params string[] arguments) => LabProcess.Run("nsenter", Inside(program, arguments));

    /// <summary>Runs a command as the host's root to its end and returns its status and what it printed on both streams.</summary>
    public (int Status, string Output, string Error) Execute(string program, params string[] arguments) => LabProcess.Execute("nsenter", Inside(program, arguments));

    /// <summary>Starts a command as the host's root; it ends with the topology at the latest.</summary>
    public LabProcess StartProcess(string program, params string[] arguments) =>
        _topology.Keep(new LabProcess($"{Network.Label}: {Path.GetFileName(program)}", null, "nsenter", Inside(program, arguments)));

    /// <summary>Sends a signal to a program of <see cref="StartProcess"/>.</summary>
    /// <param name="signal">"TERM", "HUP" …</param>
    public static void Signal(LabProcess process, string signal)
    {
        ArgumentNullException.ThrowIfNull(process);
        // nsenter waits for the program, since only a new process is in the other process namespace.
        string program = LabProcess.Run("ps", "-o", "pid=", "--ppid", process.Id.ToString(CultureInfo.InvariantCulture)).Trim();
        LabProcess.Run("kill", $"-{signal}", program);
    }

    /// <summary>Starts sshd on port 22 of all addresses and waits until it listens. One that runs already is ended; its sessions go on.</summary>
    /// <param name="clock">The time that this sshd sees, for ever, and its commands do not; null for the machine's.</param>
    public void StartServer(DateTimeOffset? clock = null)
    {
        if (SshServer is { } running)
        {
            Signal(running, "TERM");
            running.WaitForExit(TimeSpan.FromSeconds(30));
        }

        Run(Server, "-t");
        File.Delete(PathOf(ServerLogFile));
        string[] environment = clock is { } time
            ? [$"LD_PRELOAD={FakeTime}", "TZ=UTC", $"FAKETIME={time.UtcDateTime:yyyy-MM-dd HH:mm:ss}", "FAKETIME_DONT_FAKE_MONOTONIC=1"]
            : [];
        // To a file: its sessions, which may outlive it, would hold on to a pipe.
        SshServer = StartProcess("sh", ["-c", "exec env \"$@\" > /dev/null 2>&1", "sh", .. environment, Server, "-D", "-E", ServerLogFile]);
        for (var end = DateTime.UtcNow.AddSeconds(30); !ServerLog().Contains("Server listening on 0.0.0.0 port 22", StringComparison.Ordinal); Thread.Sleep(20))
            if (DateTime.UtcNow > end || SshServer.HasExited)
                throw new TimeoutException($"sshd on {Network.Label} does not listen:\n{ServerLog()}");
    }

    /// <summary>What sshd wrote since it was started last.</summary>
    public string ServerLog() => File.Exists(PathOf(ServerLogFile)) ? Read(ServerLogFile) : "";

    /// <summary>The names of all accounts, in order.</summary>
    public IReadOnlyList<string> Accounts() => [.. Read("/etc/passwd").Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(':')[0])];

    /// <summary>Whether a process of the account runs. One that ended and is not buried yet does not.</summary>
    public bool Runs(string account) =>
        Execute("ps", "-o", "stat=", "-u", account).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Any(state => !state.StartsWith('Z'));

    /// <exception cref="InvalidOperationException">The accounts of the machine itself are not what they were.</exception>
    public void Dispose()
    {
        if (_machine != MachineAccounts())
            throw new InvalidOperationException($"A test with the host {Network.Label} changed the accounts of the machine itself.");
    }

    private static string FakeTime { get; } = Directory.Exists("/usr/lib")
        ? Directory.EnumerateFiles("/usr/lib", "libfaketime.so.1", new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 2, IgnoreInaccessible = true }).FirstOrDefault("libfaketime.so.1")
        : "libfaketime.so.1";

    private static string MachineAccounts()
    {
        var all = new StringBuilder();
        foreach (string file in s_accountFiles.Concat(Directory.Exists("/etc/sudoers.d") ? Directory.EnumerateFiles("/etc/sudoers.d").Order(StringComparer.Ordinal) : []).Where(File.Exists))
            all.Append(file).Append('\n').Append(File.ReadAllText(file));
        foreach (string home in Directory.EnumerateDirectories("/home").Order(StringComparer.Ordinal))
            all.Append(home).Append('\n');
        return all.ToString();
    }

    private string[] Inside(string program, string[] arguments) =>
        ["--target", _id, "--mount", "--net", "--pid", "--uts", "--", "env", $"PATH={Programs}:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", program, .. arguments];

    /// <summary>The first process. Arguments: the host's name, then programs. Prints its process id as the machine sees it, and from then on buries the orphans.</summary>
    private const string Script = """
        PATH=$PATH:/usr/sbin:/sbin
        name=$1; shift
        # /proc is still the machine's.
        read -r id rest < /proc/self/stat
        printf '%s' "$name" > /proc/sys/kernel/hostname
        mount -t tmpfs -o mode=755 lab /mnt
        mkdir -p /mnt/etc /mnt/home /mnt/root /mnt/run/sshd /mnt/run/lock /mnt/bin /mnt/var/lib /mnt/var/log /mnt/var/mail /mnt/var/cache /mnt/var/spool
        mkdir -m 1777 /mnt/var/tmp
        chmod 700 /mnt/root
        ln -s /run /mnt/var/run
        for program; do install -m 755 "$program" /mnt/bin; done

        find /etc -mindepth 1 -maxdepth 1 ! -name netns -exec cp -a -t /mnt/etc {} +
        cd /mnt/etc
        rm -rf resolv.conf nologin sudoers.d/* ssh/sshd_config.d/* ssh/ssh_host_* ssh/ssh_config.d/* subuid subgid
        touch resolv.conf subuid subgid
        printf '127.0.0.1 localhost\n127.0.1.1 %s\n' "$name" > hosts
        printf '%s\n' "$name" > hostname
        awk -F: '$3 < 1000 || $3 == 65534' /etc/passwd > passwd
        awk -F: -v OFS=: '$3 < 1000 || $3 == 65534 { $4 = ""; print }' /etc/group > group
        awk -F: -v OFS=: 'FNR == NR { known[$1]; next } $1 in known { $2 = "*"; print }' passwd /etc/shadow > shadow
        awk -F: -v OFS=: 'FNR == NR { known[$1]; next } $1 in known { $3 = $4 = ""; print }' group /etc/gshadow > gshadow
        printf 'Defaults env_reset\nDefaults secure_path="/usr/sbin:/usr/bin:/sbin:/bin"\nroot ALL=(ALL:ALL) ALL\n%%sudo ALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n' > sudoers
        chmod 440 sudoers
        cp /usr/share/openssh/sshd_config ssh/sshd_config
        # A container or a machine without auditing refuses this one, and no promise depends on it.
        sed -i -E '/pam_loginuid/s/^(session +)required/\1optional/' pam.d/sshd
        for type in ed25519 ecdsa; do ssh-keygen -q -t $type -N '' -C "$name" -f ssh/ssh_host_${type}_key; done
        cd /

        for place in home root run var; do mount --bind /mnt/$place /$place; done
        mount --bind /mnt/bin /usr/local/bin
        mount --bind /mnt/etc /etc
        umount /mnt
        mount -t devpts -o newinstance,mode=620,gid=5,ptmxmode=666 devpts /dev/pts
        mount --bind /dev/pts/ptmx /dev/ptmx
        mount -t tmpfs -o mode=1777 lab /dev/shm
        mount -t proc proc /proc
        echo "ready $id"
        while :; do sleep 3600 & wait $! || true; done
        """;
}
