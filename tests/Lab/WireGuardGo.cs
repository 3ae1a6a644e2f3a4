namespace Keyhole.Lab;

/// <summary>A stock WireGuard node: wireguard-go on a host, configured by <c>wg setconf</c> from a wg-quick file.</summary>
public sealed class WireGuardGo : IDisposable
{
    private readonly NetworkNamespace _host;
    private readonly LabProcess _process;
    private readonly string _socket;

    private WireGuardGo(NetworkNamespace host, string name, LabProcess process)
    {
        (_host, Interface, _process) = (host, name, process);
        _socket = $"/var/run/wireguard/{name}.sock";
    }

    public string Interface { get; }

    public LabProcess Process => _process;

    /// <summary>
    /// Starts a node and gives its interface the configuration's keys, peers, addresses, MTU and routes for AllowedIPs.
    /// Interface names are unique on the machine, since wireguard-go's sockets share one folder.
    /// </summary>
    public static WireGuardGo Start(NetworkNamespace host, string name, string configuration, int mtu = 1280)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(configuration);
        var process = host.Start(new Dictionary<string, string> { ["LOG_LEVEL"] = "error" }, "wireguard-go", "-f", name);
        var node = new WireGuardGo(host, name, process);
        var deadline = DateTime.UtcNow.AddSeconds(60);
        while (!LabProcess.TryRun("ip", "-n", host.Name, "link", "show", name) || !File.Exists(node._socket))
        {
            if (DateTime.UtcNow > deadline)
                throw new TimeoutException($"wireguard-go on {host.Label} did not make {name}:\n{process.Tail(20)}");
            Thread.Sleep(20);
        }

        node.Configure(configuration);
        foreach (string address in Values(configuration, "Address"))
            host.Ip(address.Contains(':', StringComparison.Ordinal) ? ["addr", "add", address, "dev", name, "nodad"] : ["addr", "add", address, "dev", name]);
        host.Ip("link", "set", name, "mtu", $"{mtu}", "up");
        foreach (string prefix in Values(configuration, "AllowedIPs"))
            host.Ip("route", "replace", prefix, "dev", name);
        return node;
    }

    /// <summary>Replaces keys and peers by those of a wg-quick file, as <c>wg setconf</c> does.</summary>
    public void Configure(string configuration)
    {
        string file = Path.GetTempFileName();
        try
        {
            string[] quickOnly = ["Address", "DNS", "MTU", "Table", "PreUp", "PostUp", "PreDown", "PostDown", "SaveConfig"];
            File.WriteAllLines(file, configuration.Split('\n').Where(line => !quickOnly.Contains(line.Split('=')[0].Trim(), StringComparer.OrdinalIgnoreCase)));
            _host.Run("wg", "setconf", Interface, file);
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>What <c>wg show INTERFACE FIELD</c> prints, for instance "latest-handshakes" or "transfer".</summary>
    public string Show(string field) => _host.Run("wg", "show", Interface, field);

    public void Dispose()
    {
        _process.Dispose();
        File.Delete(_socket);
    }

    /// <summary>All comma-separated values of a key.</summary>
    public static IEnumerable<string> Values(string configuration, string key)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        return configuration.Split('\n').Select(line => line.Split('=', 2)).Where(parts => parts.Length == 2 && parts[0].Trim().Equals(key, StringComparison.OrdinalIgnoreCase))
            .SelectMany(parts => parts[1].Split('#')[0].Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
    }
}
