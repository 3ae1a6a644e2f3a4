using System.Security.Cryptography;
using Keyhole.Lab;

namespace Keyhole.System.Tests;

/// <summary>
/// A running network with people and hosts to log in to, laid out once for all tests of <see cref="SshTests"/>. The connector of the office runs on the bastion and is
/// its auth daemon; vm1 and vm2 have their own, on the usual port and on another one.
/// </summary>
internal sealed class SshNetwork : IDisposable
{
    public const int OtherPort = 22124;

    private static readonly TimeSpan s_patience = Network.Patience;

    private readonly Lazy<Person> _carol;
    private readonly string _folder = Directory.CreateTempSubdirectory("keyhole-ssh-").FullName;

    public SshNetwork()
    {
        PreSharedKey = Convert.ToHexString(RandomNumberGenerator.GetBytes(24));
        File.WriteAllText(KeyFile, PreSharedKey + "\n");
        File.SetUnixFileMode(KeyFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        World = new SshWorld();
        try
        {
            Network = new Network(World, Acme());
            Network.StartRelay();
            Daemon1 = StartDaemon(World.Vm1Host, "22123");
            Daemon2 = StartDaemon(World.Vm2Host, $"{OtherPort}");
            Network.StartConnector(World.BastionHost, "office-1", "--auth-daemon", "--ad-pre-shared-key-file", KeyFile);
            World.BastionHost.Run("keyhole-connector", "ssh", "setup", "--install");
            foreach (var host in new[] { World.BastionHost, World.Vm1Host, World.Vm2Host })
                host.StartServer();

            _carol = new Lazy<Person>(() =>
            {
                var carol = new Person(Network, "carol@acme.example", "carol-laptop", World.Cafe);
                carol.LogIn();
                carol.Up("--proxy", "--listen", "127.0.0.1:1081");
                return carol;
            });
            Ada = new Person(Network, "ada@acme.example", "ada-laptop", World.Desk);
            Ada.LogIn();
            Ada.Up();
            Bob = new Person(Network, "bob@acme.example", "bob-laptop", World.Cafe);
            Bob.LogIn();
            Bob.Up("--proxy", "--listen", "127.0.0.1:1080");
            foreach (string alias in new[] { "bastion", "vm-01", "vm-02" })
            {
                (int Status, string Output, string Error) last = default;
                Network.Until($"{alias} lets people in", s_patience, () => (last = Ada.Ssh($"{alias}.acme.internal", "true")).Status == 0, () => last.Error ?? "");
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Of connector and daemons.</summary>
    public string PreSharedKey { get; }

    /// <summary>For keys and files of the tests' own.</summary>
    public string Scratch => _folder;

    public string KeyFile => Path.Combine(_folder, "pre-shared-key");

    public SshWorld World { get; }

    public Network Network { get; }

    /// <summary>The auth daemon of vm1, on port 22123.</summary>
    public LabProcess Daemon1 { get; }

    /// <summary>The auth daemon of vm2, on <see cref="OtherPort"/>.</summary>
    public LabProcess Daemon2 { get; }

    /// <summary>Of the role staff, with a tunnel by a TUN interface.</summary>
    public Person Ada { get; }

    /// <summary>Of the role staff, with the rootless proxy.</summary>
    public Person Bob { get; }

    /// <summary>Of the staff as well, with the rootless proxy; the tests take rights from this one.</summary>
    public Person Carol => _carol.Value;

    public void Dispose()
    {
        if (Network is null)
            World.Dispose();
        else
            Network.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>The organisation. Carol and Dave are of the staff while <paramref name="carol"/> and <paramref name="dave"/> say so.</summary>
    public static string Acme(bool carol = true, bool dave = true) => $$"""
        version: 1
        org: acme
        relays:
          - { name: vps, endpoint: "{{INetworkWorld.RelayAddress}}:21820" }
        sites:
          - { name: office, connectors: [office-1] }
        resources:
          - { name: bastion, site: office, destination: {{SshWorld.Bastion1}}, alias: bastion.acme.internal, tcp: "22", ssh: true }
          - { name: vm-01, site: office, destination: {{SshWorld.Vm1}}, alias: vm-01.acme.internal, tcp: "22,8000", ssh: { daemon: external, sudo: ["/usr/bin/id -u"], groups: [games] } }
          - { name: vm-02, site: office, destination: {{SshWorld.Vm2}}, alias: vm-02.acme.internal, tcp: "*", ssh: { daemon: external, port: {{OtherPort}}, sudo: full } }
          - { name: no-port, site: office, destination: 192.168.2.99, alias: no-port.acme.internal, tcp: "80", ssh: { daemon: external, port: {{OtherPort}} } }
          - { name: no-ssh, site: office, destination: {{SshWorld.Vm2}}, alias: no-ssh.acme.internal, tcp: "22" }
          - { name: no-daemon, site: office, destination: {{SshWorld.Vm2}}, alias: no-daemon.acme.internal, tcp: "22", ssh: { daemon: external, port: 22199 } }
          - { name: other-key, site: office, destination: {{SshWorld.Vm2}}, alias: other-key.acme.internal, tcp: "22", ssh: { daemon: external, port: 22130 } }
          - { name: middle, site: office, destination: {{SshWorld.Vm2}}, alias: middle.acme.internal, tcp: "22", ssh: { daemon: external, port: 22131 } }
          - { name: not-granted, site: office, destination: 192.168.2.99, alias: not-granted.acme.internal, tcp: "22", ssh: { daemon: external } }
        roles: [staff]
        machines: [{ name: robot }]
        users:
          - { email: ada@acme.example, roles: [staff, admin] }
          - { email: bob@acme.example, roles: [staff, member] }
          - { email: dave@acme.example, roles: [{{(dave ? "staff, " : "")}}member] }
          - { email: carol@acme.example, roles: [{{(carol ? "staff, " : "")}}member] }
        grants:
          - { resource: bastion, roles: [staff] }
          - { resource: vm-01, roles: [staff] }
          - { resource: vm-02, roles: [staff] }
          - { resource: no-port, roles: [staff] }
          - { resource: no-ssh, roles: [staff] }
          - { resource: no-daemon, roles: [staff] }
          - { resource: other-key, roles: [staff] }
          - { resource: middle, roles: [staff] }
          - { resource: vm-01, machines: [robot] }
        """;

    /// <summary>Another organisation at the same Control, with a connector of its own beside the other's, which leads to vm1 as well.</summary>
    public static string Umbrella => $$"""
        version: 1
        org: umbrella
        relays:
          - { name: vps2, endpoint: "{{SshWorld.OtherRelay}}:21820" }
        sites:
          - { name: lab, connectors: [lab-1] }
        resources:
          - { name: shared, site: lab, destination: {{SshWorld.Vm1}}, alias: shared.umbrella.internal, tcp: "22", ssh: { daemon: external } }
        roles: [staff]
        users:
          - { email: ada@umbrella.example, roles: [staff, member] }
        grants:
          - { resource: shared, roles: [staff] }
        """;

    private LabProcess StartDaemon(SshHost host, string port)
    {
        host.Run("keyhole", "ssh", "setup", "--install");
        var daemon = host.StartProcess("keyhole", "auth-daemon", "--pre-shared-key-file", KeyFile, "--port", port);
        daemon.WaitForLine("auth daemon on https://", s_patience);
        return daemon;
    }
}
