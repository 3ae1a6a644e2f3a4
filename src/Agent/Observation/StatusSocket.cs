using System.Net.Sockets;

namespace Keyhole.Agent;

/// <summary>
/// A unix socket in the data directory: whoever connects says what is wanted, a word, perhaps a space and an argument, and the end, and gets one JSON object and
/// the end. Only processes of the agent's user and of root are heard.
/// </summary>
internal sealed class StatusSocket : IDisposable
{
    /// <summary>sun_path without its final zero.</summary>
    private const int MaximumPathLength = 107;
    private const int MaximumRequestLength = 512;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly string _path;
    private readonly Action _down;
    private readonly Func<string, string, ValueTask<byte[]>> _answer;
    private readonly Socket _listener;
    private readonly CancellationTokenSource _stop = new();

    /// <summary>What the status command asks for.</summary>
    public const string StatusRequest = "status";

    /// <summary>Stop gracefully, as SIGTERM does. The answer, an empty object, says that it was heard.</summary>
    public const string DownRequest = "down";

    /// <summary>The last lines of the log.</summary>
    public const string LogsRequest = "logs";

    /// <param name="down">Called when <see cref="DownRequest"/> has its answer: what ends from then on ends this socket, too.</param>
    /// <param name="answer">Of all other requests: from the word that was said and its argument, "" without one, to the JSON object.</param>
    /// <exception cref="AgentException">The socket cannot be made.</exception>
    public StatusSocket(string path, Action down, Func<string, string, ValueTask<byte[]>> answer)
    {
        CheckLength(path);
        _path = path;
        _down = down;
        _answer = answer;
        _listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            // The lock of the data directory says that no other process listens here.
            File.Delete(path);
            _listener.Bind(new UnixDomainSocketEndPoint(path));
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            _listener.Listen(8);
        }
        catch (Exception e) when (e is SocketException or IOException or UnauthorizedAccessException)
        {
            _listener.Dispose();
            throw new AgentException($"The status socket {path} cannot be made: {e.Message}", e);
        }

        _ = AcceptAsync();
    }

    /// <summary>Asks the agent that runs in <paramref name="directory"/>.</summary>
    /// <exception cref="AgentException">None runs there, or it does not answer.</exception>
    public static async Task<byte[]> AskAsync(string directory, string request = StatusRequest)
    {
        string path = DataDirectory.StatusSocketIn(directory);
        CheckLength(path);
        if (!Directory.Exists(directory))
            throw new AgentException($"There is no directory {directory}.{RootsAgent(directory)}");
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), patience.Token);
            await using var stream = new NetworkStream(socket);
            await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes(request), patience.Token);
            socket.Shutdown(SocketShutdown.Send);
            using var answer = new MemoryStream();
            await stream.CopyToAsync(answer, patience.Token);
            return answer.Length > 0 ? answer.ToArray() : throw Silence(directory, socket, null);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AccessDenied)
        {
            throw new AgentException($"No access to {path}: run this as the agent's user.", e) { IsForbidden = true };
        }
        catch (SocketException e)
        {
            throw new AgentException($"No agent runs in {directory}.{RootsAgent(directory)}", e);
        }
        catch (IOException e)
        {
            throw Silence(directory, socket, e);
        }
        catch (OperationCanceledException e)
        {
            throw new AgentException($"The agent in {directory} does not answer.", e);
        }
    }

    public void Dispose()
    {
        _stop.Cancel();
        _listener.Dispose();
        File.Delete(_path);
    }

    /// <summary>Where a user asks in the own directory, it may be root's agent that is meant: its directory has the same name, where services have theirs.</summary>
    internal static string RootsAgent(string directory, bool isRoot, string services)
    {
        string roots = Path.Combine(services, Path.GetFileName(Path.TrimEndingDirectorySeparator(directory)));
        return !isRoot && roots != directory && Directory.Exists(roots) ? $" Root's directory is {roots}: its agent is asked with sudo." : "";
    }

    private static string RootsAgent(string directory) => OperatingSystem.IsWindows() ? "" : RootsAgent(directory, Environment.IsPrivilegedProcess, "/var/lib");

    private static AgentException Silence(string directory, Socket socket, IOException? cause) => PeerCredentials.IsHeard(socket)
        ? new AgentException($"The agent in {directory} ended before it answered, or could not answer.", cause)
        : new AgentException($"The agent in {directory} gave no answer: it hears its own user and root only.", cause) { IsForbidden = true };

    private static void CheckLength(string path)
    {
        if (System.Text.Encoding.UTF8.GetByteCount(path) > MaximumPathLength)
            throw new AgentException($"The path {path} is too long for a unix socket ({MaximumPathLength} bytes): choose a shorter --data.");
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await ServeAsync(await _listener.AcceptAsync(_stop.Token));
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(100);
            }
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        using (socket)
        using (var patience = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token))
        {
            patience.CancelAfter(Patience);
            try
            {
                if (!PeerCredentials.IsOwnUserOrRoot(socket, _listener))
                    return;
                string request = await ReadRequestAsync(socket, patience.Token);
                int space = request.IndexOf(' ', StringComparison.Ordinal);
                var (word, argument) = space < 0 ? (request, "") : (request[..space], request[(space + 1)..]);
                if (word == DownRequest)
                {
                    await SendAsync(socket, "{}"u8.ToArray(), patience.Token);
                    _down();
                    return;
                }

                await SendAsync(socket, await _answer(word, argument).AsTask().WaitAsync(patience.Token), patience.Token);
            }
#pragma warning disable CA1031 // one question that cannot be answered may not end the answers to all later ones
            catch (Exception)
#pragma warning restore CA1031
            {
                // The data thread or the caller took too long, or there is no answer: the caller sees the end without one.
            }
        }
    }

    private static async Task SendAsync(Socket socket, byte[] answer, CancellationToken patience)
    {
        for (int sent = 0; sent < answer.Length;)
            sent += await socket.SendAsync(answer.AsMemory(sent), patience);
        socket.Shutdown(SocketShutdown.Send);
    }

    private static async Task<string> ReadRequestAsync(Socket socket, CancellationToken patience)
    {
        byte[] request = new byte[MaximumRequestLength];
        int length = 0;
        while (length < request.Length)
        {
            int read = await socket.ReceiveAsync(request.AsMemory(length), patience);
            if (read == 0)
                break;
            length += read;
        }

        return System.Text.Encoding.ASCII.GetString(request, 0, length);
    }
}
