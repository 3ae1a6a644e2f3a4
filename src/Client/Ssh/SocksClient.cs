using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Keyhole.Agent;

namespace Keyhole.Client;

/// <summary>The other side of <see cref="ProxyHandshake"/>: a connection through a SOCKS5 proxy (RFC 1928, RFC 1929).</summary>
internal static class SocksClient
{
    private const byte Version = 5;
    private const byte NoAuthentication = 0;
    private const byte UserAndPassword = 2;
    private const byte Connect = 1;
    private const int MaximumTextLength = 255;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <param name="host">An address or a name.</param>
    /// <param name="user">Null for none.</param>
    /// <param name="secretFile">Holds the user's password; null for none.</param>
    /// <returns>Connected to the target.</returns>
    /// <exception cref="AgentException">The proxy or the target cannot be reached.</exception>
    public static async Task<Socket> ConnectAsync(IPEndPoint proxy, string host, ushort port, string? user = null, string? secretFile = null)
    {
        using var patience = new CancellationTokenSource(Patience);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(Dialled(proxy), patience.Token).ConfigureAwait(false);
            await using var stream = new NetworkStream(socket);
            await GreetAsync(stream, user, secretFile, patience.Token).ConfigureAwait(false);
            await stream.WriteAsync(Request(host, port), patience.Token).ConfigureAwait(false);
            byte[] reply = new byte[5];
            await stream.ReadExactlyAsync(reply, patience.Token).ConfigureAwait(false);
            if (reply[0] != Version || reply[1] != (byte)SocksReply.Succeeded)
                throw new AgentException($"{host} port {port} is not reached: {Words((SocksReply)reply[1])}.");
            await stream.ReadExactlyAsync(new byte[SocksAddress.LengthOf(reply.AsSpan(3)) - 2], patience.Token).ConfigureAwait(false);
            return socket;
        }
        catch (Exception e) when (e is SocketException or IOException or OperationCanceledException)
        {
            socket.Dispose();
            throw new AgentException($"The SOCKS port {proxy} of 'keyhole up --proxy' does not answer: {e.Message}", e);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Who listens everywhere is met on loopback.</summary>
    private static IPEndPoint Dialled(IPEndPoint proxy) =>
        proxy.Address.Equals(IPAddress.Any) ? new IPEndPoint(IPAddress.Loopback, proxy.Port)
        : proxy.Address.Equals(IPAddress.IPv6Any) ? new IPEndPoint(IPAddress.IPv6Loopback, proxy.Port)
        : proxy;

    private static async Task GreetAsync(NetworkStream stream, string? user, string? secretFile, CancellationToken patience)
    {
        byte[] methods = user is null ? [NoAuthentication] : [NoAuthentication, UserAndPassword];
        await stream.WriteAsync((byte[])[Version, (byte)methods.Length, .. methods], patience).ConfigureAwait(false);
        byte[] answer = new byte[2];
        await stream.ReadExactlyAsync(answer, patience).ConfigureAwait(false);
        if (answer[1] == NoAuthentication)
            return;
        if (answer[1] != UserAndPassword || user is null || secretFile is null)
            throw new AgentException($"The SOCKS port asks for a password: set {ProxySettings.SocksUser.Variable} and {ProxySettings.SocksSecretFile.Variable} as for 'keyhole up --proxy'.");
        byte[] name = Encoding.UTF8.GetBytes(user), secret = Encoding.UTF8.GetBytes((await File.ReadAllTextAsync(secretFile, patience).ConfigureAwait(false)).TrimEnd('\r', '\n'));
        if (name.Length is 0 or > MaximumTextLength || secret.Length is 0 or > MaximumTextLength)
            throw new AgentException("The SOCKS user or its password is empty or longer than 255 bytes.");
        await stream.WriteAsync((byte[])[1, (byte)name.Length, .. name, (byte)secret.Length, .. secret], patience).ConfigureAwait(false);
        await stream.ReadExactlyAsync(answer, patience).ConfigureAwait(false);
        if (answer[1] != 0)
            throw new AgentException($"The SOCKS port refuses the password of {ProxySettings.SocksSecretFile.Variable}.");
    }

    private static byte[] Request(string host, ushort port)
    {
        byte[] address = IPAddress.TryParse(host, out var parsed)
            ? [parsed.AddressFamily == AddressFamily.InterNetwork ? SocksAddress.Ipv4 : SocksAddress.Ipv6, .. parsed.GetAddressBytes()]
            : Encoding.ASCII.GetBytes(host) is { Length: > 0 and <= MaximumTextLength } name ? [SocksAddress.Domain, (byte)name.Length, .. name]
            : throw new AgentException($"'{host}' is no host.");
        byte[] request = [Version, Connect, 0, .. address, 0, 0];
        BinaryPrimitives.WriteUInt16BigEndian(request.AsSpan(request.Length - 2), port);
        return request;
    }

    private static string Words(SocksReply reply) => reply switch
    {
        SocksReply.NotAllowed => "it is not granted",
        SocksReply.NetworkUnreachable or SocksReply.HostUnreachable => "nobody leads there at the moment",
        SocksReply.ConnectionRefused => "the host refuses the connection; does its SSH server run?",
        SocksReply.TtlExpired => "the host does not answer",
        _ => "the proxy could not connect",
    };
}
