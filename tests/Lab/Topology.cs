using System.Globalization;

namespace Keyhole.Lab;

/// <summary>
/// The hosts and cables of one test. Disposing it ends every process that was started through it and removes every host.
/// </summary>
public sealed class Topology : IDisposable
{
    private const string Mark = "khlab";

    private static int s_count;

    private readonly List<NetworkNamespace> _hosts = [];
    private readonly List<LabProcess> _processes = [];
    private readonly List<IDisposable> _owned = [];
    private readonly string _prefix = $"{Mark}-{Environment.ProcessId}-{Interlocked.Increment(ref s_count)}";

    static Topology() => RemoveLeftovers();

    /// <summary>Adds a host.</summary>
    public NetworkNamespace Host(string label)
    {
        var host = new NetworkNamespace(label, $"{_prefix}-{label}");
        _hosts.Add(host);
        return host;
    }

    /// <summary>Lays a cable between two hosts. Each end is an interface name and its addresses in CIDR form.</summary>
    public static void Cable(NetworkNamespace left, string leftInterface, string[] leftAddresses, NetworkNamespace right, string rightInterface, string[] rightAddresses, int mtu = 1500)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        LabProcess.Run("ip", "link", "add", leftInterface, "netns", left.Name, "type", "veth", "peer", "name", rightInterface, "netns", right.Name);
        Plug(left, leftInterface, leftAddresses, mtu);
        Plug(right, rightInterface, rightAddresses, mtu);
    }

    /// <summary>Has the topology dispose of something before its hosts go.</summary>
    public T Own<T>(T item) where T : IDisposable
    {
        _owned.Add(item);
        return item;
    }

    /// <summary>Starts a program on a host; it ends with the topology at the latest.</summary>
    public LabProcess Start(NetworkNamespace host, string program, params string[] arguments) => Start(host, null, program, arguments);

    /// <summary>Starts a program on a host with additional environment variables.</summary>
    public LabProcess Start(NetworkNamespace host, IReadOnlyDictionary<string, string>? environment, string program, params string[] arguments)
    {
        ArgumentNullException.ThrowIfNull(host);
        return Keep(host.Start(environment, program, arguments));
    }

    /// <summary>Has the topology end a process and show its lines.</summary>
    internal LabProcess Keep(LabProcess process)
    {
        _processes.Add(process);
        return process;
    }

    /// <summary>Everything that the processes printed.</summary>
    public string AllLines() => string.Join("\n", _processes.SelectMany(process => process.Lines()));

    /// <summary>The last lines of every process, for the message of a failed assertion.</summary>
    public string Logs() => string.Join("\n", _processes.Select(process => $"--- {process.Name}\n{process.Tail(25)}"));

    public void Dispose()
    {
        foreach (var item in Enumerable.Reverse(_owned))
            item.Dispose();
        foreach (var process in Enumerable.Reverse(_processes))
            process.Dispose();
        foreach (var host in _hosts)
            host.Delete();
    }

    private static void Plug(NetworkNamespace host, string name, string[] addresses, int mtu)
    {
        foreach (string address in addresses)
        {
            // Without nodad an IPv6 address is unusable for its first two seconds.
            host.Ip(address.Contains(':', StringComparison.Ordinal) ? ["addr", "add", address, "dev", name, "nodad"] : ["addr", "add", address, "dev", name]);
        }

        host.Ip("link", "set", name, "mtu", mtu.ToString(CultureInfo.InvariantCulture), "up");
    }

    private static void RemoveLeftovers()
    {
        if (!Directory.Exists("/run/netns"))
            return;
        foreach (string path in Directory.EnumerateFiles("/run/netns", $"{Mark}-*"))
        {
            string name = Path.GetFileName(path);
            if (!Directory.Exists($"/proc/{name.Split('-')[1]}"))
                NetworkNamespace.Delete(name);
        }
    }
}
