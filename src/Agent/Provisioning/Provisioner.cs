using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Keyhole.Contracts;
using Microsoft.Extensions.Logging;

namespace Keyhole.Agent;

/// <summary>
/// Trades a provisioning key for an ID and secret at the first start, and finds them on disk at every other. While Control is away
/// it waits; what Control refuses ends the program.
/// </summary>
internal sealed class Provisioner(IReadOnlyList<Uri> endpoints, AgentSecret key, string name, string file, ILogger logger)
{
    private const int MaximumAnswer = 64 * 1024;
    private const int MaximumShown = 300;
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(20);

    /// <summary>Relays are few, and made one by one.</summary>
    public static bool IsFor(AgentKind kind) => kind is AgentKind.Connector or AgentKind.Machine;

    /// <summary>Null where no provisioning key is given: ID and secret are.</summary>
    /// <exception cref="AgentException">Both are given, something is wrong with the settings, or Control refuses the key.</exception>
    public static async Task<AgentCredential?> ObtainAsync(SettingValues values, Setting data, TextReader standardInput, ILogger logger)
    {
        if (AgentSecret.Find(values, AgentSettings.ProvisioningKey, AgentSettings.ProvisioningKeyFile, standardInput) is not { } key)
            return null;
        if (values.Get(AgentSettings.Id) is not null)
            throw new AgentException("--id and a provisioning key are both given: remove one. The ID that the key was traded for is in the data directory.");
        var endpoints = AgentOptions.EndpointsFrom(values);
        using var directory = DataDirectory.Open(Path.GetFullPath(values.Require(data)));
        if (CredentialFile.Find(directory.Credential) is { } known)
            return known;
        return await new Provisioner(endpoints, key, values.Get(AgentSettings.ProvisioningName) ?? HostName(), directory.Credential, logger).TradeAsync();
    }

    private async Task<AgentCredential> TradeAsync()
    {
        using var http = new HttpClient { Timeout = RequestTimeout, MaxResponseContentBufferSize = MaximumAnswer };
        var backoff = Backoff.ForControl(Random.Shared.NextDouble);
        for (int attempt = 0; ; attempt++)
        {
            string reason;
            try
            {
                var endpoint = endpoints[attempt % endpoints.Count];
                using var body = new StringContent(new JsonObject { ["key"] = key.Expose(), ["name"] = name }.ToJsonString(), Encoding.UTF8, "application/json");
                using var answer = await http.PostAsync(new Uri(endpoint, "api/v1/provision"), body);
                string text = await answer.Content.ReadAsStringAsync();
                if (answer.StatusCode == HttpStatusCode.Created)
                    return Keep(text, endpoint);
                if (answer.StatusCode is not (HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout) && (int)answer.StatusCode < 500)
                    throw new AgentException($"Control at {endpoint} does not take the provisioning key: {Detail(text, answer.StatusCode)}");
                reason = $"status {(int)answer.StatusCode}";
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
            {
                reason = e is TaskCanceledException ? "no answer" : e.Message;
            }

            AgentLog.NotProvisioned(logger, reason);
            await Task.Delay(backoff.Next());
        }
    }

    private AgentCredential Keep(string text, Uri endpoint)
    {
        try
        {
            if (JsonNode.Parse(text) is JsonObject json && (string?)json["id"] is { } id && (string?)json["secret"] is { } secret)
            {
                var credential = new AgentCredential(AgentOptions.IdFrom(id), new AgentSecret(secret, "Control"));
                CredentialFile.Save(file, id, secret);
                AgentLog.Provisioned(logger, (string?)json["name"] ?? "", (string?)json["organisation"] ?? "", (bool?)json["approved"] == false ? "; it waits for somebody to approve it" : "");
                return credential;
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new AgentException($"Control at {endpoint} gave an answer of another version.", e);
        }

        throw new AgentException($"Control at {endpoint} gave an answer of another version.");
    }

    /// <summary>The sentences of a problem+json (RFC 9457), as a terminal may see them.</summary>
    private static string Detail(string text, HttpStatusCode status)
    {
        try
        {
            if (JsonNode.Parse(text) is JsonObject problem && (string?)problem["detail"] is { } detail)
            {
                string errors = problem["errors"] is JsonObject fields ? $" {fields.ToJsonString()}" : "";
                string whole = AgentProgram.Shown(detail + errors);
                return whole.Length > MaximumShown ? $"{whole.AsSpan(0, MaximumShown)}…" : whole;
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Something else answers there: its status says all that is known.
        }

        return $"status {(int)status}";
    }

    /// <summary>The host name without its domain, as far as Control takes it for a name.</summary>
    private static string HostName()
    {
        string name = new([.. Environment.MachineName.Split('.')[0].Where(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_').Take(50)]);
        name = name.TrimStart('-', '_');
        return name.Length == 0 ? "agent" : name;
    }
}
