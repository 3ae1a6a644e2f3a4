namespace Keyhole.Lab;

/// <summary>A router that maps ports for its hosts when they ask by PCP or NAT-PMP: miniupnpd over nftables, as home routers run it.</summary>
public sealed class MappingGateway : IDisposable
{
    private readonly string _configuration;
    private readonly LabProcess _process;

    private MappingGateway(string configuration, LabProcess process)
    {
        _configuration = configuration;
        _process = process;
    }

    /// <summary>Starts the service on a router. Its outside address must look public, since miniupnpd refuses others.</summary>
    public static MappingGateway Start(NetworkNamespace router, string inside, string outside)
    {
        ArgumentNullException.ThrowIfNull(router);
        Firewall.HoldMappings(router);
        string configuration = Path.GetTempFileName();
        File.WriteAllLines(configuration,
        [
            $"ext_ifname={outside}", $"listening_ip={inside}", "enable_natpmp=yes", "enable_upnp=no", "secure_mode=yes", "system_uptime=yes",
            $"upnp_table_name={Firewall.MappingTable}", $"upnp_nat_table_name={Firewall.MappingTable}",
            "upnp_forward_chain=mapped", "upnp_nat_chain=mapped_in", "upnp_nat_postrouting_chain=mapped_out",
            "uuid=6b657968-6f6c-4500-8000-000000000001", "allow 1024-65535 0.0.0.0/0 1024-65535", "deny 0-65535 0.0.0.0/0 0-65535",
        ]);
        return new MappingGateway(configuration, router.Start("miniupnpd", "-d", "-f", configuration, "-P", $"{configuration}.pid"));
    }

    /// <summary>What it said last.</summary>
    public string Log => _process.Tail(40);

    public void Dispose()
    {
        _process.Dispose();
        File.Delete(_configuration);
        File.Delete($"{_configuration}.pid");
    }
}
