using System.Globalization;
using System.Net;
using Keyhole.Agent;
using Keyhole.Packets;

namespace Keyhole.Relay;

/// <summary>The settings that only the relay has.</summary>
internal static class RelaySettings
{
    private const int LongestSpin = 1000;

    public static readonly Setting Listen = new("--listen", "ADDR:PORT", "The UDP address that agents and apps reach. [::] takes both families.")
    {
        Default = "[::]:21820",
    };

    public static readonly Setting Threads = new("--threads", "N", "Threads of the data path, each with a socket of its own; at most one per processor.") { Default = "1" };

    public static readonly Setting Spin = new("--spin", "MICROSECONDS", "Poll this long for the next datagram before sleeping: lower latency for idle processor time. Off by default.")
    {
        Default = "0",
    };

    public static readonly Setting RekeyAfter = new("--wireguard-rekey-after", "SECONDS", "For the lab: renew WireGuard keys after this time instead of 120 seconds.");

    public static readonly Setting TlsListen = new("--tls-listen", "ADDR:PORT", "Also take agents of networks that block UDP, by TLS on this TCP address: [::]:443. Off by default.");

    public static readonly Setting TlsCertificate = new("--tls-certificate", "FILE", "PEM: a certificate that agents' hosts trust, its chain behind it. Without one the relay makes its own, which agents know through Control.");

    public static readonly Setting TlsKeyFile = new("--tls-key-file", "FILE", "PEM: the private key of --tls-certificate.");

    public static readonly Setting TlsFallback = new("--tls-fallback", "HOST:PORT", "Where connections to --tls-listen go that are not for the relay: a server with TLS that takes the PROXY protocol, version 2.");

    public static IReadOnlyList<Setting> All { get; } = [Listen, Threads, Spin, TlsListen, TlsCertificate, TlsKeyFile, TlsFallback, RekeyAfter];

    /// <exception cref="AgentException">It is not an address and port.</exception>
    public static IpEndpoint ListenFrom(SettingValues values) =>
        IpEndpoint.TryParse(values.Require(Listen), out var endpoint)
            ? endpoint
            : throw new AgentException($"--listen '{values.Require(Listen)}' is not ADDR:PORT, such as 0.0.0.0:21820 or [::]:21820.");

    /// <summary>Null when TLS is off.</summary>
    /// <exception cref="AgentException">It is not an address and port, or another TLS setting is given without it.</exception>
    public static IPEndPoint? TlsListenFrom(SettingValues values)
    {
        if (values.Get(TlsListen) is { } text)
        {
            return IpEndpoint.TryParse(text, out var endpoint) && endpoint.Port != 0
                ? new IPEndPoint(endpoint.Address.ToIPAddress(), endpoint.Port)
                : throw new AgentException($"--tls-listen '{text}' is not ADDR:PORT, such as 0.0.0.0:443 or [::]:443.");
        }

        foreach (var setting in new[] { TlsCertificate, TlsKeyFile, TlsFallback })
        {
            if (values.Get(setting) is not null)
                throw new AgentException($"{setting.Flag} means nothing without --tls-listen.");
        }

        return null;
    }

    /// <summary>Null when there is none.</summary>
    /// <exception cref="AgentException">It is not a host and port.</exception>
    public static EndPoint? TlsFallbackFrom(SettingValues values) => values.Get(TlsFallback) is { } text ? ParseFallback(text) : null;

    /// <exception cref="AgentException">It is not a host and port.</exception>
    internal static EndPoint ParseFallback(string text)
    {
        if (IpEndpoint.TryParse(text, out var endpoint))
            return new IPEndPoint(endpoint.Address.ToIPAddress(), endpoint.Port);
        int colon = text.LastIndexOf(':');
        return colon > 0 && Uri.CheckHostName(text[..colon]) == UriHostNameType.Dns && ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port)
            ? new DnsEndPoint(text[..colon], port)
            : throw new AgentException($"--tls-fallback '{text}' is not HOST:PORT, such as 127.0.0.1:8443.");
    }

    /// <summary>The operator's certificate, or the relay's own.</summary>
    /// <exception cref="AgentException">Only one of the two files is given, or one cannot be used.</exception>
    public static RelayCertificate CertificateFrom(SettingValues values, DataDirectory data) => (values.Get(TlsCertificate), values.Get(TlsKeyFile)) switch
    {
        (null, null) => RelayCertificate.LoadOrCreate(data),
        ({ } certificate, { } key) => RelayCertificate.FromFiles(certificate, key),
        _ => throw new AgentException("--tls-certificate and --tls-key-file belong together: give both or none."),
    };

    /// <exception cref="AgentException">It is not a number from 1 to the number of processors.</exception>
    public static int ThreadsFrom(SettingValues values) => values.Number(Threads, 1, Environment.ProcessorCount)!.Value;

    /// <summary>Microseconds.</summary>
    /// <exception cref="AgentException">It is not a number from 0 to 1,000.</exception>
    public static int SpinFrom(SettingValues values) => values.Number(Spin, 0, LongestSpin)!.Value;
}
