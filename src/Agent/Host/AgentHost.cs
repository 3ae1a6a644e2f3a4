using System.Buffers;
using System.Reflection;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Keyhole.Contracts;
using Keyhole.Cryptography;
using Microsoft.Extensions.Logging;

namespace Keyhole.Agent;

/// <summary>
/// One run of an agent: directory, key, data path, status, metrics, last table, link; then it waits for a signal or for the
/// end of the data path, drains, and takes everything down in the opposite order.
/// </summary>
internal sealed class AgentHost(AgentDefinition definition, AgentOptions options, SettingValues values, LineLoggerFactory loggers, TimeProvider time)
{
    /// <summary>Keys stand in the status as they are written elsewhere: '+' is not "\u002B".</summary>
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly ILogger _logger = loggers.CreateLogger("agent");

    public static string Version { get; } =
        typeof(AgentHost).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";

    /// <returns>The exit code: 0 after a signal, 1 when the data path failed.</returns>
    /// <exception cref="AgentException">It cannot start.</exception>
    public async Task<int> RunAsync(ShutdownSignals signals)
    {
        WarnOfOpenSecret();
        using var data = DataDirectory.Open(options.DataDirectory);
        var key = StaticKeyFile.LoadOrCreate(data.StaticKey, RandomSource.System);
        string publicKey = key.PublicKey.ToString();
        _ = Task.Run(TransportKey.Prepare);
        var start = new AgentStart(options, values, key, data, loggers);
        await using var body = definition.Create(start);
        var keeper = new TableKeeper(body, new TableCache(data.TableCache, options.Id, time), options.Id, time, _logger);
        var link = new ControlLink(options, new HelloMessage(options.Login?.Kind ?? definition.Kind, publicKey, Version, 0, body.Tls), keeper, body, time, _logger, Random.Shared.NextDouble)
        {
            Network = start.Network,
        };
        using var status = new StatusSocket(data.StatusSocket, signals.Raise, async (request, argument) => ToBytes(request switch
        {
            StatusSocket.LogsRequest => new JsonObject { ["lines"] = new JsonArray([.. loggers.LastLines().Select(line => (JsonNode)line)]) },
            StatusSocket.StatusRequest => Describe(await body.StatusAsync(), publicKey, link, keeper),
            _ => await body.AnswerAsync(request, argument) ?? new JsonObject { ["error"] = $"{definition.Name} {Version} knows no '{request}'." },
        }));
        using var metrics = options.Metrics is { } address ? new MetricsEndpoint(address, body, text => WriteMetrics(text, link, keeper)) : null;
        AgentLog.Started(_logger, definition.Name, Version, options.Id, publicKey, data.FullPath);
        if (metrics is not null)
            AgentLog.Metrics(_logger, metrics.Address.ToString());
        await keeper.StartAsync();

        using var stopLink = new CancellationTokenSource();
        var linking = link.RunAsync(stopLink.Token);
        try
        {
            var first = await Task.WhenAny(body.Completion, linking, signals.Stop);
            if (first != signals.Stop)
            {
                await first;
                throw new InvalidOperationException("the data path ended without a reason");
            }

            AgentLog.Draining(_logger);
            await body.DrainAsync(signals.Hurry);
            AgentLog.Stopped(_logger);
            return 0;
        }
        catch (Exception e) when (e is not AgentException)
        {
            AgentLog.BodyFailed(_logger, e.ToString());
            return 1;
        }
        finally
        {
            await stopLink.CancelAsync();
            await linking.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>The host's own members come first, then those of the data path.</summary>
    private JsonObject Describe(JsonObject body, string publicKey, ControlLink link, TableKeeper keeper)
    {
        var status = new JsonObject
        {
            ["program"] = definition.Name,
            ["version"] = Version,
            ["id"] = options.Id,
            ["publicKey"] = publicKey,
            ["control"] = new JsonObject { ["endpoint"] = link.Endpoint.ToString(), ["connected"] = link.IsConnected },
            ["revision"] = keeper.Revision,
        };
        if (options.Login is { } login)
            status["login"] = new JsonObject { ["account"] = login.Account, ["organisation"] = login.Organisation };
        foreach (var (name, value) in body.ToArray())
        {
            body.Remove(name);
            status[name] = value;
        }

        return status;
    }

    private static byte[] ToBytes(JsonObject answer)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Plain))
            answer.WriteTo(writer);
        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteMetrics(PrometheusText text, ControlLink link, TableKeeper keeper)
    {
        text.Gauge("keyhole_control_connected", "1 while the link to Control is up.", link.IsConnected ? 1 : 0);
        text.Gauge("keyhole_table_revision", "The table that the data path follows; 0 for none.", keeper.Revision);
        text.Gauge("process_resident_memory_bytes", "Resident memory.", Environment.WorkingSet);
        text.Counter("dotnet_gc_allocated_bytes_total", "Managed bytes allocated since the start.", GC.GetTotalAllocatedBytes());
        for (int generation = 0; generation <= GC.MaxGeneration; generation++)
            text.Counter("dotnet_gc_collections_total", "Collections of the generation and above.", GC.CollectionCount(generation), ("generation", $"{generation}"));
    }

    private void WarnOfOpenSecret()
    {
        if (OperatingSystem.IsWindows() || values.Get(AgentSettings.SecretFile) is not { } file || !File.Exists(file))
            return;
        if ((File.GetUnixFileMode(file) & (UnixFileMode.OtherRead | UnixFileMode.OtherWrite)) != 0)
            AgentLog.SecretFileOpen(_logger, file);
    }
}
