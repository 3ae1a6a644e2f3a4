using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace Keyhole.Lab;

/// <summary>One host of a <see cref="Topology"/>: a network namespace with its own interfaces, routes and firewall.</summary>
public sealed class NetworkNamespace
{
    internal NetworkNamespace(string label, string name)
    {
        Label = label;
        Name = name;
        LabProcess.Run("ip", "netns", "add", name);
        Ip("link", "set", "lo", "up");
        // Without it a link-local address changes from "tentative" by itself, seconds after its link is up.
        Sysctl("net.ipv6.conf.default.accept_dad", "0");
        // What changes the resolver's configuration here must not change the machine's: "ip netns exec" puts this file in its place.
        Directory.CreateDirectory(Path.GetDirectoryName(ResolvConf)!);
        File.WriteAllText(ResolvConf, "");
    }

    /// <summary>The name in the drawing: "vps", "phone".</summary>
    public string Label { get; }

    /// <summary>The name for <c>ip netns</c>, unique on this machine.</summary>
    public string Name { get; }

    /// <summary>The file that programs here see as /etc/resolv.conf; empty at first. Whoever writes it writes in place.</summary>
    public string ResolvConf => Path.Combine(Configuration(Name), "resolv.conf");

    /// <summary>Runs <c>ip -n</c> with these arguments.</summary>
    public string Ip(params string[] arguments) => LabProcess.Run("ip", ["-n", Name, .. arguments]);

    /// <summary>Runs a command here to its end and returns its standard output.</summary>
    /// <exception cref="InvalidOperationException">It ended with a status other than 0; the message holds what it printed.</exception>
    public string Run(string program, params string[] arguments) => LabProcess.Run("ip", ["netns", "exec", Name, program, .. arguments]);

    /// <summary>Starts a command here and leaves it running.</summary>
    public LabProcess Start(string program, params string[] arguments) => Start(null, program, arguments);

    /// <summary>Starts a command here with additional environment variables.</summary>
    public LabProcess Start(IReadOnlyDictionary<string, string>? environment, string program, params string[] arguments) =>
        new($"{Label}: {Path.GetFileName(program)}", environment, "ip", ["netns", "exec", Name, program, .. arguments]);

    public void Sysctl(string key, string value) => Run("sysctl", "-qw", $"{key}={value}");

    /// <summary>Adds a route: "default", "10.0.0.0/8" … through a gateway address or "dev NAME".</summary>
    public void Route(string prefix, string via) =>
        Ip(["route", "add", prefix, .. via.StartsWith("dev ", StringComparison.Ordinal) ? via.Split(' ') : ["via", via]]);

    /// <summary>Lets this host forward IPv4 and IPv6.</summary>
    public void Forward()
    {
        Sysctl("net.ipv4.ip_forward", "1");
        Sysctl("net.ipv6.conf.all.forwarding", "1");
    }

    /// <summary>
    /// Runs an action on a thread that is inside this namespace. Sockets made there stay in it, whichever thread uses them later.
    /// </summary>
    public T Enter<T>(Func<T> action)
    {
        ArgumentNullException.ThrowIfNull(action);
        T result = default!;
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                using var file = File.OpenHandle($"/run/netns/{Name}");
                if (SetNamespace((int)file.DangerousGetHandle(), 0) != 0)
                    throw new InvalidOperationException($"setns to {Name} failed: errno {Marshal.GetLastPInvokeError()}.");
                result = action();
            }
#pragma warning disable CA1031 // whatever failed is thrown again on the caller's thread
            catch (Exception exception)
#pragma warning restore CA1031
            {
                failure = ExceptionDispatchInfo.Capture(exception);
            }
        });
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result;
    }

    internal void Delete() => Delete(Name);

    /// <summary>Removes a host of this or of an earlier run by its name.</summary>
    internal static void Delete(string name)
    {
        LabProcess.TryRun("ip", "netns", "delete", name);
        if (Directory.Exists(Configuration(name)))
            Directory.Delete(Configuration(name), recursive: true);
    }

    private static string Configuration(string name) => $"/etc/netns/{name}";

    [DllImport("libc", EntryPoint = "setns", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetNamespace(int file, int kind);
}
