using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Keyhole.Lab;

namespace Keyhole.Perf;

/// <summary>
/// A Keyhole network of shipped programs in a topology: Control with a description applied, and agents with their credentials, started as an operator
/// starts them and without any privilege.
/// </summary>
internal sealed class KeyholeNetwork : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("keyhole-bench-").FullName;
    private readonly Topology _topology;
    private readonly string _controlUrl;

    /// <summary>Starts Control on a host and applies a description.</summary>
    /// <param name="address">An address of the host that the agents reach.</param>
    internal KeyholeNetwork(Topology topology, NetworkNamespace host, string address, string yaml, int port = 8080)
    {
        _topology = topology;
        _controlUrl = $"http://{address}:{port.ToString(CultureInfo.InvariantCulture)}";
        topology.Start(host, Binaries.Control, "serve", "--data", Folder("control"), "--listen", _controlUrl, "--allow-http");
        Until("Control answers", 30, () => LabProcess.TryRun(Binaries.Control, "status", "--data", Folder("control"), "--json"));
        Apply(yaml);
    }

    internal void Apply(string yaml)
    {
        string file = Path.Combine(_directory, "network.yaml");
        File.WriteAllText(file, yaml);
        LabProcess.Run(Binaries.Control, "apply", "-f", file, "--data", Folder("control"), "--yes", "--json");
    }

    /// <summary>Starts the relay that the description calls so, and waits until it has its table.</summary>
    internal LabProcess StartRelay(NetworkNamespace host, string name, string cores, params string[] arguments) =>
        StartAgent("relay", Binaries.Relay, host, name, cores, arguments);

    /// <summary>Starts the connector that the description calls so, and waits until it is registered.</summary>
    internal LabProcess StartConnector(NetworkNamespace host, string name, string cores, params string[] arguments) =>
        StartAgent("connector", Binaries.Connector, host, name, cores, arguments);

    /// <summary>
    /// Starts <c>keyhole up</c> of a machine, with the rights that a TUN interface needs, and waits until it has sessions with its sites.
    /// </summary>
    /// <param name="relayOnly">Whether it keeps to the way through the relay.</param>
    internal LabProcess StartMachine(NetworkNamespace host, string name, bool relayOnly)
    {
        var process = PrepareMachine(host, name, relayOnly)();
        Until($"machine {name} is up", 30, () => Status(Binaries.Client, name)?.GetProperty("ready").GetBoolean() == true);
        return process;
    }

    /// <summary>Everything but the start of <c>keyhole up</c> itself.</summary>
    internal Func<LabProcess> PrepareMachine(NetworkNamespace host, string name, bool relayOnly)
    {
        string[] way = relayOnly ? ["--relay-only"] : [], credentials = Credentials("machine", name);
        return () => _topology.Start(host, Binaries.Client, ["up", .. way, .. credentials]);
    }

    internal void StopMachine(string name)
    {
        LabProcess.Run(Binaries.Client, "down", "--data", Folder(name));
        Until($"machine {name} is down", 30, () => Status(Binaries.Client, name) is null);
    }

    internal JsonElement MachineStatus(string name) => Status(Binaries.Client, name) ?? throw new InvalidOperationException($"Machine {name} does not answer.");

    internal JsonElement RelayStatus(string name) => Status(Binaries.Relay, name) ?? throw new InvalidOperationException($"Relay {name} does not answer.");

    internal JsonElement ConnectorStatus(string name) => Status(Binaries.Connector, name) ?? throw new InvalidOperationException($"Connector {name} does not answer.");

    /// <summary>The .conf of an external client, with a private key the first time.</summary>
    internal string Configuration(string client) => LabProcess.Run(Binaries.Control, "external-client", "config", client, "--data", Folder("control"));

    /// <summary>The public key of a relay that has been started.</summary>
    internal string PublicKey(string name) => RelayStatus(name).GetProperty("publicKey").GetString()!;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    /// <summary>Waits for a condition; the failure shows the last lines of every program.</summary>
    /// <exception cref="TimeoutException">It did not come true in time.</exception>
    internal void Until(string what, double seconds, Func<bool> condition)
    {
        for (var clock = Stopwatch.StartNew(); !condition(); Thread.Sleep(20))
            if (clock.Elapsed.TotalSeconds > seconds)
                throw new TimeoutException($"In vain for {seconds:F0} s: {what}.\n{_topology.Logs()}");
    }

    private LabProcess StartAgent(string kind, string program, NetworkNamespace host, string name, string cores, string[] arguments)
    {
        var process = Pinned.Start(_topology, host, cores, null, "setpriv",
            ["--bounding-set=-all", "--inh-caps=-all", "--no-new-privs", program, .. Credentials(kind, name), .. arguments]);
        Until($"{kind} {name} has its table", 30, () => Status(program, name)?.GetProperty("registered").GetBoolean() == true);
        return process;
    }

    /// <summary>What an agent's command line says of Control and of itself.</summary>
    private string[] Credentials(string kind, string name)
    {
        string data = Folder(name), id = Path.Combine(data, "id"), secret = Path.Combine(data, "secret");
        // Once: another secret takes the agent's key out of the tables until the agent has told it again.
        if (!File.Exists(id))
        {
            using var credentials = JsonDocument.Parse(LabProcess.Run(Binaries.Control, "credentials", kind, name, "--data", Folder("control"), "--json"));
            File.WriteAllText(secret, credentials.RootElement.GetProperty("secret").GetString());
            File.SetUnixFileMode(secret, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            File.WriteAllText(id, credentials.RootElement.GetProperty("id").GetString());
        }

        return ["--endpoint", _controlUrl, "--allow-http", "--id", File.ReadAllText(id), "--secret-file", secret, "--data", data];
    }

    private JsonElement? Status(string program, string name)
    {
        var (status, output, _) = LabProcess.Execute(program, "status", "--data", Folder(name), "--json");
        return status == 0 ? JsonDocument.Parse(output).RootElement : null;
    }

    private string Folder(string name)
    {
        string path = Path.Combine(_directory, name);
        if (!Directory.Exists(path))
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }
}
