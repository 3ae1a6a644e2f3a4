using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Keyhole.Cryptography;
using Keyhole.Packets;

namespace Keyhole.Client;

/// <summary><c>keyhole proxy</c>: a stock configuration and port forwards, without any privilege.</summary>
internal static class ProxyCommand
{
    private const int Failed = 1;
    private const int Misused = 2;

    public static Command Create()
    {
        var configuration = new Option<FileInfo>("--config")
        {
            Description = "WireGuard configuration of an external client, as 'keyhole-control external-client config' prints it (KEYHOLE_CONFIG).",
            DefaultValueFactory = _ => Environment.GetEnvironmentVariable("KEYHOLE_CONFIG") is { Length: > 0 } path ? new FileInfo(path) : null!,
        };
        var forwards = new Option<string[]>("-L", "--forward")
        {
            Description = "[udp:][bind:]port:address:port, may be repeated: what comes to the local port continues to the address inside the tunnel.",
            Required = true,
        };
        var command = new Command("proxy", "Forwards local ports through a tunnel that ends in this process; needs no root and no TUN.") { configuration, forwards };
        command.SetAction((result, _) => Task.FromResult(Run(result.GetValue(configuration), result.GetValue(forwards) ?? [])));
        return command;
    }

    private static int Run(FileInfo? file, string[] texts)
    {
        if (file is null)
            return Fail(Misused, "--config FILE is missing: the configuration that 'keyhole-control external-client config NAME' prints.");
        var forwards = new List<PortForward>();
        foreach (string text in texts)
        {
            if (PortForward.Parse(text, out var forward) is { } fault)
                return Fail(Misused, fault);
            forwards.Add(forward);
        }

        try
        {
            Sodium.EnsureAvailable();
            _ = Task.Run(TransportKey.Prepare);
            var configuration = StockConfigurationReader.Read(File.ReadAllText(file.FullName), out var errors);
            if (configuration is null)
                return Fail(Failed, string.Join(Environment.NewLine, errors.Select(error => $"{file}: {error}")));
            using (configuration)
                return Run(configuration, forwards);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or SodiumUnavailableException)
        {
            return Fail(Failed, exception.Message);
        }
    }

    private static int Run(StockConfiguration configuration, List<PortForward> forwards)
    {
        if (Resolve(configuration.Endpoint) is not { } relay)
            return Fail(Failed, $"The relay '{configuration.Endpoint}' of the configuration has no address here: check the name and this machine's DNS.");
        foreach (var forward in forwards.Where(forward => forward.Target.Name is not null))
            return Fail(Failed, $"'{forward.Target.Name}' is a name: use the overlay address that the configuration's comments name.");
        foreach (var forward in forwards.Where(forward => !configuration.AllowedIps.Any(prefix => prefix.Contains(forward.Target.Address))))
            return Fail(Failed, $"{forward.Target.Address} is not in AllowedIPs of the configuration: it was not granted to this client.");

        using var session = new ProxySession(configuration, relay, forwards)
        {
            ReachedChanged = reached => Console.Error.WriteLine(reached ? $"Tunnel to {relay} is up." : $"The relay at {relay} does not answer; trying on."),
        };
        using var cancellation = new CancellationTokenSource();
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        foreach (var forward in forwards)
            Console.Error.WriteLine($"Forwarding {forward}.");
        session.Run(cancellation.Token);
        return 0;

        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            cancellation.Cancel();
        }
    }

    private static IpEndpoint? Resolve(string endpoint)
    {
        if (IpEndpoint.TryParse(endpoint, out var literal))
            return literal;
        int colon = endpoint.LastIndexOf(':');
        if (colon <= 0 || !ushort.TryParse(endpoint[(colon + 1)..], out ushort port))
            return null;
        try
        {
            return Dns.GetHostAddresses(endpoint[..colon]) is [var first, ..] ? new IpEndpoint(IpAddress.From(first), port) : null;
        }
        catch (SocketException)
        {
            return null;
        }
    }

    private static int Fail(int status, string message)
    {
        Console.Error.WriteLine(message);
        return status;
    }
}
