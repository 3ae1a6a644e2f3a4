using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Keyhole.Contracts;

namespace Keyhole.Perf;

/// <summary>The shipped server with a data directory of its own, and the operator's side of its socket.</summary>
internal sealed class ControlProgram : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly string _data = Directory.CreateTempSubdirectory("keyhole-bench-").FullName;
    private readonly HttpClient _operator;
    private Process _process;

    internal ControlProgram()
    {
        _operator = new HttpClient(new SocketsHttpHandler { ConnectCallback = ConnectAsync }) { BaseAddress = new Uri("http://control"), Timeout = Patience };
        (_process, Address) = Start();
    }

    internal Uri Address { get; private set; }

    internal double ResidentMegabytes
    {
        get
        {
            string line = File.ReadLines($"/proc/{_process.Id}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
            return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
        }
    }

    /// <summary>What it has used of the cores since its start, in milliseconds.</summary>
    internal double ProcessorMilliseconds
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime.TotalMilliseconds;
        }
    }

    /// <summary>How many agents are connected and have confirmed the newest of their tables, as the server sees it.</summary>
    internal int ConfirmedCount
    {
        get
        {
            string text = _operator.GetStringAsync("/v1/status").GetAwaiter().GetResult();
            return JsonNode.Parse(text)!["agents"]!.AsArray().Count(agent => (bool)agent!["link"]!["connected"]! && (bool)agent["link"]!["upToDate"]!);
        }
    }

    /// <summary>Makes the first account of the server, which is the owner of the network.</summary>
    /// <returns>What is logged in.</returns>
    internal HttpClient LogIn()
    {
        var http = new HttpClient(new SocketsHttpHandler { CookieContainer = new CookieContainer() }) { BaseAddress = Address };
        http.DefaultRequestHeaders.Add("Origin", Address.GetLeftPart(UriPartial.Authority));
        string token = File.ReadAllText(Path.Combine(_data, "setup-token")).Trim();
        using var response = http.PostAsJsonAsync("/api/v1/setup", new JsonObject { ["token"] = token, ["email"] = LargeNetwork.Owner, ["password"] = Guid.NewGuid().ToString(), ["organisation"] = null }).GetAwaiter().GetResult();
        response.EnsureSuccessStatusCode();
        return http;
    }

    internal TimeSpan Apply(string text, bool planOnly)
    {
        var clock = Stopwatch.StartNew();
        var answer = Post("/v1/apply", new JsonObject { ["text"] = text, ["planOnly"] = planOnly, ["fromRevision"] = null });
        return answer["errors"]!.AsArray() is { Count: > 0 } errors ? throw new InvalidOperationException($"The network file: {errors[0]}") : clock.Elapsed;
    }

    internal (string Id, string Secret) MakeCredential(AgentKind kind, string name)
    {
        var answer = Post("/v1/credentials", new JsonObject { ["kind"] = kind.ToString(), ["name"] = name });
        return ((string)answer["id"]!, (string)answer["secret"]!);
    }

    /// <summary>Kills the server and starts it anew.</summary>
    /// <returns>Until it listens.</returns>
    internal TimeSpan Restart()
    {
        Stop();
        var clock = Stopwatch.StartNew();
        (_process, Address) = Start();
        return clock.Elapsed;
    }

    public void Dispose()
    {
        Stop();
        _operator.Dispose();
        Directory.Delete(_data, recursive: true);
    }

    private (Process Process, Uri Address) Start()
    {
        var process = Process.Start(new ProcessStartInfo(Binaries.Control, ["serve", "--data", _data, "--listen", "http://127.0.0.1:0"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginErrorReadLine();
        string line = process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("keyhole-control ended at once.");
        return (process, new Uri(line[(line.LastIndexOf(' ') + 1)..]));
    }

    private void Stop()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private JsonNode Post(string path, JsonObject request)
    {
        using var response = _operator.PostAsJsonAsync(path, request).GetAwaiter().GetResult();
        string text = response.Content.ReadAsStringAsync().GetAwaiter().GetResult();
        return response.IsSuccessStatusCode ? JsonNode.Parse(text)! : throw new InvalidOperationException($"{path}: {text}");
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancelled)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(Path.Combine(_data, "control.sock")), cancelled);
        return new NetworkStream(socket, ownsSocket: true);
    }
}
