using System.Text;
using Keyhole.Agent;
using Keyhole.Packets;

namespace Keyhole.Client;

/// <summary>What <c>keyhole up --proxy</c> takes.</summary>
internal static class ProxySettings
{
    private const int MaximumSecretLength = 255;
    private const string Off = "off";

    public static readonly Setting Proxy = new("--proxy", "", "No interface and no privilege: a SOCKS5 port (HTTP CONNECT as well) and port forwards lead to what was granted. The only mode outside Linux.")
    {
        IsSwitch = true,
    };

    public static readonly Setting Listen = new("--listen", "ADDR:PORT", "With --proxy: where SOCKS5 and HTTP CONNECT are spoken, or 'off'. Beyond loopback a password is needed.") { Default = "127.0.0.1:1080" };

    public static readonly Setting Forward = new("--forward", "FORWARD", "With --proxy: [udp:][bind:]port:host:port, may be repeated: what comes to the local port continues to the host, an alias or an address. Several in the variable are separated by spaces.")
    {
        Alias = "-L",
        IsRepeatable = true,
    };

    public static readonly Setting SocksUser = new("--socks-user", "NAME", "With --proxy: the user that programs must give, with --socks-secret-file.");

    public static readonly Setting SocksSecretFile = new("--socks-secret-file", "FILE", "With --proxy: a file that holds the password of --socks-user.");

    public static readonly Setting Direct = new("--direct", "", "With --proxy: what was not granted is reached outside the tunnel instead of being refused (TCP through --listen only).") { IsSwitch = true };

    public static readonly IReadOnlyList<Setting> All = [Proxy, Listen, Forward, SocksUser, SocksSecretFile, Direct];

    /// <summary>Whether this is proxy mode.</summary>
    /// <exception cref="AgentException">It is not, and a flag of it is given.</exception>
    public static bool IsOn(SettingValues values)
    {
        if (values.IsOn(Proxy) || !OperatingSystem.IsLinux())
            return true;
        if (All.FirstOrDefault(setting => values.Find(setting) is { Source: SettingSource.Flag }) is { } stray)
            throw new AgentException($"{stray.Flag} needs --proxy.");
        return false;
    }

    /// <exception cref="AgentException">A value is wrong; the message says which and how to write it.</exception>
    public static ProxyOptions From(SettingValues values)
    {
        var credentials = CredentialsFrom(values.Get(SocksUser), values.Get(SocksSecretFile));
        var forwards = new List<PortForward>();
        foreach (string text in values.List(Forward))
        {
            if (PortForward.Parse(text, out var forward) is { } fault)
                throw new AgentException(fault);
            forwards.Add(forward);
        }

        return new ProxyOptions { Listen = ListenFrom(values.Require(Listen), credentials), Credentials = credentials, Forwards = forwards, Direct = values.IsOn(Direct) };
    }

    private static IpEndpoint? ListenFrom(string text, SocksCredentials? credentials)
    {
        if (text == Off)
            return null;
        if (!IpEndpoint.TryParse(text, out var endpoint))
            throw new AgentException($"--listen '{text}' is not ADDR:PORT, for example 127.0.0.1:1080, nor '{Off}'.");
        if (!endpoint.Address.IsLoopback && credentials is null)
            throw new AgentException($"--listen {text} is not on loopback: whoever reaches it would reach what this machine was granted. Set --socks-user and --socks-secret-file.");
        return endpoint;
    }

    private static SocksCredentials? CredentialsFrom(string? user, string? file)
    {
        if (user is null && file is null)
            return null;
        if (user is null || file is null)
            throw new AgentException("--socks-user and --socks-secret-file belong together.");
        try
        {
            using var reader = new StreamReader(file, Encoding.UTF8);
            char[] secret = new char[MaximumSecretLength + 2];
            int length = reader.ReadBlock(secret, 0, secret.Length);
            return new SocksCredentials(user, new string(secret, 0, length).TrimEnd('\r', '\n'));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentException($"The password file {file} cannot be read: {e.Message}", e);
        }
        catch (ArgumentException e)
        {
            throw new AgentException($"--socks-user or the password in {file} cannot be used: {e.Message}", e);
        }
    }
}
