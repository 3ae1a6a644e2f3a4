using Keyhole.Lab;

namespace Keyhole.System.Tests;

/// <summary>
/// Where the tests of SSH happen. The router in the middle has no firewall: what it would keep out is not what is tested here.
/// <code>
///  desk 198.51.100.2 --+
///  cafe 198.51.101.2 --+-- internet --- vps 203.0.113.10   Control, relay
///  bastion 192.0.2.2 --+
///    |-- 192.168.1.2 --- vm1 192.168.1.20
///    '-- 192.168.2.2 --- vm2 192.168.2.20
/// </code>
/// Bastion, vm1 and vm2 are machines with accounts and an sshd.
/// </summary>
internal sealed class SshWorld : INetworkWorld, IDisposable
{
    /// <summary>Of the vps too: where the other organisation has its relay.</summary>
    public const string OtherRelay = "203.0.113.11";

    public const string Bastion1 = "192.168.1.2";
    public const string Vm1 = "192.168.1.20";
    public const string Vm2 = "192.168.2.20";

    public SshWorld()
    {
        Topology = new Topology();
        var internet = Topology.Host("internet");
        internet.Forward();
        Vps = Topology.Host("vps");
        Topology.Cable(internet, "vps0", ["203.0.113.1/24"], Vps, "eth0", [$"{INetworkWorld.RelayAddress}/24", $"{OtherRelay}/24"]);
        Vps.Route("default", "203.0.113.1");
        Desk = Outside("desk", "198.51.100");
        Cafe = Outside("cafe", "198.51.101");
        var bastion = Outside("bastion", "192.0.2");
        var (vm1, vm2) = (Topology.Host("vm1"), Topology.Host("vm2"));
        Topology.Cable(bastion, "lan1", [$"{Bastion1}/24"], vm1, "eth0", [$"{Vm1}/24"]);
        Topology.Cable(bastion, "lan2", ["192.168.2.2/24"], vm2, "eth0", [$"{Vm2}/24"]);
        BastionHost = SshHost.Start(Topology, bastion, Programs.Connector);
        Vm1Host = SshHost.Start(Topology, vm1, Programs.Client);
        Vm2Host = SshHost.Start(Topology, vm2, Programs.Client);

        NetworkNamespace Outside(string name, string network)
        {
            var host = Topology.Host(name);
            Topology.Cable(internet, $"{name}0", [$"{network}.1/24"], host, "eth0", [$"{network}.2/24"]);
            host.Route("default", $"{network}.1");
            return host;
        }
    }

    public Topology Topology { get; }

    public NetworkNamespace Vps { get; }

    public NetworkNamespace Desk { get; }

    public NetworkNamespace Cafe { get; }

    public SshHost BastionHost { get; }

    public SshHost Vm1Host { get; }

    public SshHost Vm2Host { get; }

    public void Dispose() => Topology.Dispose();
}
