using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Keyhole.Contracts;
using Keyhole.Cryptography;

namespace Keyhole.Relay.Tests;

/// <summary>
/// The real program on loopback, without a Control: it works from the last table in its data directory. Killed as the system kills, not asked.
/// </summary>
[UnsupportedOSPlatform("windows")]
internal sealed class RelayProcess : IDisposable
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter() } };

    private readonly TestFolder _folder = new();
    private readonly StringBuilder _errors = new();
    private Process? _process;

    public RelayProcess()
    {
        // A port that is free now; nobody else on this machine asks for it by name.
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Endpoint = (IPEndPoint)probe.LocalEndPoint!;
        Key = PrivateKey.Generate(RandomSource.System);
        Data = _folder.File("data");
        Directory.CreateDirectory(Data, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        byte[] scalar = new byte[PrivateKey.Length];
        Key.Export(scalar);
        Write("data/static.key", Convert.ToBase64String(scalar) + "\n");
        Write("secret", "s3cret");
    }

    public IPEndPoint Endpoint { get; }

    public PrivateKey Key { get; }

    public string Data { get; }

    public string Errors
    {
        get
        {
            lock (_errors)
                return _errors.ToString();
        }
    }

    public int ProcessId => _process!.Id;

    public void Write(Table table)
    {
        string json = JsonSerializer.Serialize(
            new { Id = "r1", Agent = 1, Table = table },
            Json);
        Write("data/table.json", json);
    }

    public void Start()
    {
        _process = Process.Start(Describe())!;
        Collect(_process);
        _process.BeginErrorReadLine();
    }

    /// <summary>Runs to its end and gives the exit code.</summary>
    public int Run()
    {
        using var process = Process.Start(Describe())!;
        Collect(process);
        process.BeginErrorReadLine();
        Assert.True(process.WaitForExit(TimeSpan.FromMinutes(2)));
        process.WaitForExit();
        return process.ExitCode;
    }

    /// <summary>SIGKILL.</summary>
    public void Kill()
    {
        _process!.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _process = null;
    }

    /// <summary>What "keyhole-relay status --json" prints.</summary>
    public JsonDocument Status()
    {
        var info = Describe();
        info.ArgumentList.Clear();
        foreach (string argument in new[] { Program, "status", "--data", Data, "--json" })
            info.ArgumentList.Add(argument);
        using var process = Process.Start(info)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return JsonDocument.Parse(output);
    }

    public void Dispose()
    {
        if (_process is not null)
            Kill();
        Key.Dispose();
        _folder.Dispose();
    }

    private static string Program => Path.Combine(AppContext.BaseDirectory, "keyhole-relay.dll");

    private ProcessStartInfo Describe()
    {
        var info = new ProcessStartInfo("dotnet") { RedirectStandardError = true, RedirectStandardOutput = true };
        string[] arguments =
        [
            Program, "--endpoint", "http://127.0.0.1:9", "--id", "r1", "--secret-file", _folder.File("secret"), "--data", Data, "--listen", Endpoint.ToString(),
        ];
        foreach (string argument in arguments)
            info.ArgumentList.Add(argument);
        return info;
    }

    private void Collect(Process process) => process.ErrorDataReceived += (_, line) =>
    {
        if (line.Data is null)
            return;
        lock (_errors)
            _errors.AppendLine(line.Data);
    };

    private void Write(string name, string content)
    {
        string path = _folder.File(name);
        File.WriteAllText(path, content);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }
}
