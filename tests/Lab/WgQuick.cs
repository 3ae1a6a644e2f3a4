namespace Keyhole.Lab;

/// <summary>
/// A configuration as its owner brings it up: <c>wg-quick up FILE</c>, with the kernel's WireGuard where there is one and wireguard-go elsewhere. A resolvconf of
/// the lab stands in for Debian's: it puts the servers that wg-quick gives it into the host's own resolv.conf, and takes them out again.
/// </summary>
public sealed class WgQuick : IDisposable
{
    private readonly NetworkNamespace _host;
    private readonly string _folder = Directory.CreateTempSubdirectory("keyhole-wg-").FullName;
    private readonly string _file;

    private WgQuick(NetworkNamespace host, string name, string configuration)
    {
        _host = host;
        _file = Path.Combine(_folder, $"{name}.conf");
        File.WriteAllText(_file, configuration);
        LabProcess.Run("chmod", "600", _file);
        string resolvconf = Path.Combine(_folder, "resolvconf");
        File.WriteAllText(resolvconf, "#!/bin/sh\ncase $1 in -a) cat > /etc/resolv.conf ;; -d) : > /etc/resolv.conf ;; esac\n");
        LabProcess.Run("chmod", "700", resolvconf);
        Interface = name;
    }

    public string Interface { get; }

    /// <param name="name">Unique on the machine, since the sockets of wireguard-go share one folder; at most 15 characters.</param>
    /// <exception cref="InvalidOperationException">wg-quick failed; the message holds what it printed.</exception>
    public static WgQuick Up(NetworkNamespace host, string name, string configuration)
    {
        ArgumentNullException.ThrowIfNull(host);
        var node = new WgQuick(host, name, configuration);
        try
        {
            node.Run("up");
            return node;
        }
        catch
        {
            node.Dispose();
            throw;
        }
    }

    /// <summary>What <c>wg show INTERFACE FIELD</c> prints.</summary>
    public string Show(string field) => _host.Run("wg", "show", Interface, field);

    public void Down() => Run("down");

    public void Dispose()
    {
        // wireguard-go ends with its interface.
        LabProcess.TryRun("ip", "-n", _host.Name, "link", "delete", Interface);
        Directory.Delete(_folder, recursive: true);
    }

    private void Run(string command) =>
        _host.Run("env", $"PATH={_folder}:{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin:/sbin", "WG_QUICK_USERSPACE_IMPLEMENTATION=wireguard-go", "wg-quick", command, _file);
}
