using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using Keyhole.Agent;

namespace Keyhole.Client;

/// <summary><c>keyhole ssh proxy</c>, which ssh runs: standard input and output become a connection through the SOCKS port of the client that runs in proxy mode.</summary>
internal static class SshProxyCommand
{
    public const string Name = "proxy";

    public static Command Create()
    {
        var host = new Argument<string>("host");
        var port = new Argument<ushort>("port");
        var command = AgentProgram.DirectoryCommand(Name, "Connects ssh through 'keyhole up --proxy'.", UpSettings.Data, [host, port], async (directory, parsed, _) =>
        {
            var status = await AgentProgram.AskAsync(directory, "status").ConfigureAwait(false);
            if (!IPEndPoint.TryParse((string?)status["proxy"]?["listen"] ?? "", out var listen))
                throw new AgentException($"The client in {directory} has no SOCKS port any more.");
            using var socket = await SocksClient.ConnectAsync(
                listen, parsed.GetRequiredValue(host), parsed.GetRequiredValue(port), Environment.GetEnvironmentVariable(ProxySettings.SocksUser.Variable),
                Environment.GetEnvironmentVariable(ProxySettings.SocksSecretFile.Variable)).ConfigureAwait(false);
            await PumpAsync(socket, Console.OpenStandardInput(), Console.OpenStandardOutput()).ConfigureAwait(false);
            return 0;
        });
        command.Hidden = true;
        return command;
    }

    /// <summary>Until the other end has said its last; the end of the input is passed on.</summary>
    internal static async Task PumpAsync(Socket socket, Stream input, Stream output)
    {
        await using var stream = new NetworkStream(socket);
        var sending = SendAsync(socket, stream, input);
        try
        {
            await stream.CopyToAsync(output).ConfigureAwait(false);
            await output.FlushAsync().ConfigureAwait(false);
        }
        catch (IOException)
        {
            // The connection was cut, or nobody reads any more: ssh says what that means.
        }

        // A read of standard input cannot be called back: what is left of it goes with the process.
        _ = sending;
    }

    private static async Task SendAsync(Socket socket, NetworkStream stream, Stream input)
    {
        try
        {
            await input.CopyToAsync(stream).ConfigureAwait(false);
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            // The other end has gone.
        }
    }
}
