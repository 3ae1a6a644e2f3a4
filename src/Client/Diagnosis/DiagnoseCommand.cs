using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Keyhole.Agent;
using Keyhole.Edge;

namespace Keyhole.Client;

/// <summary><c>keyhole diagnose</c>: what works and what does not between this machine and its network, each with what to do about it.</summary>
internal static class DiagnoseCommand
{
    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true };

    public static Command Create()
    {
        var endpoint = new Option<string?>("--endpoint") { Description = "Where Control listens, when no client is running that knows.", HelpName = "URL" };
        var bundle = new Option<string?>("--bundle") { Description = "Also write a zip archive for whoever helps: findings, status, log, network settings. No secret is in it.", HelpName = "FILE" };
        var json = new Option<bool>("--json") { Description = "Print a JSON object." };
        return AgentProgram.DirectoryCommand(
            "diagnose", "What works between this machine and its network, and what to do where it does not. Exit code 1 when something fails.", UpSettings.Data,
            [endpoint, bundle, json],
            async (directory, parsed, output) =>
            {
                var (status, silence) = await AskAsync(directory, "status");
                var findings = await FindAsync(status is null ? null : StatusView.From(Parse(status)), silence, EndpointFrom(parsed.GetValue(endpoint)), CancellationToken.None);
                var found = new JsonObject { ["findings"] = new JsonArray([.. findings.Select(finding => (JsonNode)finding.ToJson())]) };
                if (parsed.GetValue(bundle) is { } path)
                    await WriteBundleAsync(path, found, status, silence, (await AskAsync(directory, "logs")).Answer);
                if (parsed.GetValue(json))
                    await output.WriteLineAsync(found.ToJsonString());
                else
                    await output.WriteLineAsync(string.Join('\n', findings));
                return findings.Any(finding => finding.Verdict == Verdict.Failed) ? 1 : 0;
            });
    }

    /// <summary>All checks, those of the network side by side.</summary>
    /// <param name="silence">Why there is no client to be asked; null where there is one.</param>
    internal static async Task<IReadOnlyList<Finding>> FindAsync(StatusView? client, Finding? silence, Uri? endpoint, CancellationToken stop)
    {
        var control = client?.Control ?? endpoint;
        var own = HostInterfaces.ReadAddresses().ToHashSet();
        var udp = NetworkChecks.Udp(client);
        var controlling = control is null
            ? Task.FromResult<IReadOnlyList<Finding>>([new Finding("control", Verdict.Unknown, "nobody said where it is", "Give --endpoint, or start 'keyhole up'.")])
            : ControlCheck.RunAsync(control, TimeProvider.System, stop);
        var naming = DnsCheck.RunAsync([.. control is null ? Array.Empty<string>() : [control.Host], .. (client?.Relays ?? []).SelectMany(relay => relay.Hosts)], client?.Name, stop);
        var streaming = Task.WhenAll((client?.Relays ?? []).Where(relay => relay.TlsEndpoint is not null).Select(relay => CheckTlsAsync(relay, udp.Verdict != Verdict.Fine, stop)));
        await Task.WhenAll(controlling, naming, streaming);
        var tls = await streaming;
        return
        [
            silence ?? NetworkChecks.Tunnel(client!),
            .. await controlling,
            await naming,
            udp,
            .. tls,
            .. tls.Length == 0 && client is { Relays.Count: > 0 } ? [new Finding("tcp443", Verdict.Limited, "no relay serves TLS", "Networks that block UDP are shut out until the relay's operator serves TLS on TCP 443.")] : Array.Empty<Finding>(),
            .. (client?.Relays ?? []).Where(relay => relay is { Endpoint: not null, Transport: "udp" })
                .Select(relay => MtuCheck.Judge(relay.Name, PathMtu.Of(relay.Endpoint!), relay.Endpoint!.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6)),
            NetworkChecks.Nat(client, own),
        ];
    }

    private static Task<Finding> CheckTlsAsync(RelayView relay, bool needed, CancellationToken stop)
    {
        int colon = relay.TlsEndpoint!.LastIndexOf(':');
        return colon > 0 && ushort.TryParse(relay.TlsEndpoint.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) && port != 0
            ? TlsCheck.RunAsync(relay.TlsEndpoint, relay.TlsPin, needed, stop)
            : Task.FromResult(new Finding("tcp443", Verdict.Unknown, $"'{relay.TlsEndpoint}' is not HOST:PORT"));
    }

    /// <exception cref="AgentException">It is no http or https URL.</exception>
    private static Uri? EndpointFrom(string? text) => text is null
        ? null
        : Uri.TryCreate(text.EndsWith('/') ? text : text + "/", UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
            ? uri
            : throw new AgentException($"--endpoint '{text}' is not an http or https URL.");

    /// <summary>The answer of the running client, or why there is none.</summary>
    internal static async Task<(JsonObject? Answer, Finding? Silence)> AskAsync(string directory, string request)
    {
        try
        {
            return (await AgentProgram.AskAsync(directory, request), null);
        }
        catch (AgentException e)
        {
            string fix = e.IsForbidden ? "Run this as that client's user, or with sudo."
                : DataDirectory.IsFree(directory) ? "Start 'keyhole up'."
                : "It starts, ends or is stuck: try again, and see its log.";
            return (null, new Finding("client", Verdict.Failed, e.Message, fix));
        }
    }

    private static JsonElement Parse(JsonObject status)
    {
        using var document = JsonDocument.Parse(status.ToJsonString());
        return document.RootElement.Clone();
    }

    private static async Task WriteBundleAsync(string path, JsonObject findings, JsonObject? status, Finding? silence, JsonObject? logs)
    {
        try
        {
            await Bundle.WriteAsync(path,
            [
                ("findings.json", findings.ToJsonString(s_indented)),
                ("status.json", status?.ToJsonString(s_indented) ?? silence?.Text ?? ""),
                ("log.txt", string.Join('\n', logs?["lines"]?.AsArray().Select(line => (string?)line) ?? [])),
            ], CancellationToken.None);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentException($"--bundle {path} cannot be written: {e.Message}", e);
        }
    }
}
