using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Keyhole.Contracts;
using Keyhole.Cryptography;
using Keyhole.Lab;
using Keyhole.Ssh;
using LabHost = Keyhole.Lab.SshHost;

namespace Keyhole.SshHost.Tests;

/// <summary>A machine of the lab with Debian's sshd and sudo, on which <c>keyhole-connector auth-daemon</c> runs as ./build left it; the test is its connector.</summary>
internal sealed class DaemonHost : IDisposable
{
    public const string Key = "a-key-that-only-these-tests-have";
    public const int Port = 22123;
    public const string StateFile = "/var/lib/keyhole-ssh/state.json";
    public const string Program = "/usr/local/bin/keyhole-connector";

    private const string Folder = "/root/client";
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly Topology _topology = new();
    private readonly NetworkNamespace _network;
    private LabProcess? _daemon;

    public DaemonHost(bool startDaemon = true)
    {
        try
        {
            _network = _topology.Host("vm");
            Host = LabHost.Start(_topology, _network, ProgramFile("keyhole-connector"));
            Host.Write("/root/psk", Key + "\n", "600");
            Host.Run("mkdir", "-m", "700", Folder);
            Host.Run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", $"{Folder}/key");
            UserKey = SshPublicKey.Parse(Host.Read($"{Folder}/key.pub"))!;
            Remote = Connect(Key);
            if (startDaemon)
                StartDaemon();
        }
        catch
        {
            _topology.Dispose();
            throw;
        }
    }

    public LabHost Host { get; }

    /// <summary>What the connector has.</summary>
    public RemoteAuthDaemon Remote { get; }

    /// <summary>The connector's own key.</summary>
    public PrivateKey ConnectorKey { get; } = PrivateKey.Generate(RandomSource.System);

    /// <summary>Of the person who logs in.</summary>
    public SshPublicKey UserKey { get; }

    public string DaemonLog => _daemon!.Tail(200);

    /// <summary>A row of this host.</summary>
    public static SshRow Row(TestAuthority authority, int[] users, int resource = 7, long[]? revoked = null, string[]? hostCertificates = null, string? pin = null) =>
        new(resource, authority.Id, new SshDaemon("127.0.0.1", Port, pin), [authority.Line], users, revoked ?? [], hostCertificates ?? []);

    public static SshAccountOrder Order(int user = 5, string name = "ada", string? home = null, string? shell = null, string? passwordKey = null) =>
        new(user, name, $"{name}@example.com", shell, home, passwordKey);

    /// <summary>The file that ./build made.</summary>
    public static string ProgramFile(string name)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (!File.Exists(Path.Combine(folder.FullName, "Relay.sln")))
                continue;
            string path = Path.Combine(folder.FullName, "out", "bin", name);
            return File.Exists(path) ? path : throw new FileNotFoundException($"{path} is missing: ./build makes it, and ./test calls that first.");
        }

        throw new InvalidOperationException($"No Relay.sln above {AppContext.BaseDirectory}: run the tests from a checkout.");
    }

    /// <summary>A connector with a pre-shared key of its own.</summary>
    /// <param name="own">Null: it is the same connector.</param>
    public RemoteAuthDaemon Connect(string key, PrivateKey? own = null) => new(key, own ?? ConnectorKey, (_, _) => Task.FromResult<IPAddress[]>([]))
    {
        MakeSocket = family => _network.Enter(() => new Socket(family, SocketType.Stream, ProtocolType.Tcp)),
    };

    /// <summary>A listener of the test on this host's loopback.</summary>
    public TcpListener Listen() => _network.Enter(() =>
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return listener;
    });

    /// <summary>A connection of the test to the daemon.</summary>
    public TcpClient Dial() => _network.Enter(() =>
    {
        var client = new TcpClient(AddressFamily.InterNetwork);
        client.Connect(IPAddress.Loopback, Port);
        return client;
    });

    public void StartDaemon(params string[] options)
    {
        _daemon = Host.StartProcess("keyhole-connector", ["auth-daemon", "--pre-shared-key-file", "/root/psk", .. options]);
        _daemon.WaitForLine("auth daemon on https://", s_patience);
    }

    /// <summary>kill -9.</summary>
    public void KillDaemon()
    {
        LabHost.Signal(_daemon!, "KILL");
        _daemon!.WaitForExit(s_patience);
    }

    public void StopDaemon()
    {
        LabHost.Signal(_daemon!, "TERM");
        _daemon!.WaitForExit(s_patience);
    }

    /// <summary>Changes the state while no daemon runs.</summary>
    public void ChangeState(Action<JsonObject> change)
    {
        var state = JsonNode.Parse(Host.Read(StateFile))!.AsObject();
        change(state);
        Host.Write(StateFile, state.ToJsonString(), "600");
    }

    /// <summary>Has this host's sshd configured, and started.</summary>
    public void StartServer()
    {
        Host.Run("keyhole-connector", "ssh", "setup", "--install");
        Host.StartServer();
    }

    public string[] Principals(string account, string? authority = null) =>
        Host.Run("keyhole-connector", ["auth-daemon", "principals", "--username", account, .. authority is null ? [] : new[] { "--ca", authority }]).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Logs in from this host to itself and runs a command.</summary>
    public (int Status, string Output, string Error) Login(string account, string certificate, params string[] command) =>
        Host.Execute("ssh", LoginArguments(account, certificate, command));

    public LabProcess StartLogin(string account, string certificate, params string[] command) => Host.StartProcess("ssh", LoginArguments(account, certificate, command));

    /// <summary>A line of /etc/passwd, as its fields; null when there is none.</summary>
    public string[]? Passwd(string account) =>
        Host.Read("/etc/passwd").Split('\n').Select(line => line.Split(':')).FirstOrDefault(fields => fields[0] == account);

    public bool IsLocked(string account)
    {
        string[] fields = Host.Read("/etc/shadow").Split('\n').Select(line => line.Split(':')).Single(fields => fields[0] == account);
        return fields[1].StartsWith('!') && fields[7] == "1";
    }

    /// <summary>Waits for what comes by itself.</summary>
    public static void Await(Func<bool> condition, string what)
    {
        for (var end = DateTime.UtcNow + s_patience; !condition(); Thread.Sleep(50))
            Assert.True(DateTime.UtcNow < end, what);
    }

    /// <summary>Says on the host, as root, that the next connector may speak for the organisation.</summary>
    public void Admit(TestAuthority authority) => Host.Run("keyhole-connector", "auth-daemon", "admit", "--authority", authority.Id);

    public void Dispose()
    {
        _topology.Dispose();
        ConnectorKey.Dispose();
    }

    private string[] LoginArguments(string account, string certificate, string[] command)
    {
        string file = $"{Folder}/{Guid.NewGuid():N}-cert.pub";
        Host.Write(file, certificate + "\n", "600");
        return
        [
            "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "IdentitiesOnly=yes",
            "-o", "ConnectTimeout=60", "-o", $"CertificateFile={file}", "-i", $"{Folder}/key", $"{account}@127.0.0.1", "--", .. command,
        ];
    }
}
