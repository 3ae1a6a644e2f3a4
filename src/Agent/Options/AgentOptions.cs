using System.Net;
using Microsoft.Extensions.Logging;

namespace Keyhole.Agent;

/// <summary>What every agent was told at its start, checked.</summary>
public sealed class AgentOptions
{
    /// <summary>Where Control listens, at least one: http or https; the path, if any, ends with a slash. Any of them will do.</summary>
    public required IReadOnlyList<Uri> Endpoints { get; init; }

    public required string Id { get; init; }

    public required AgentSecret Secret { get; init; }

    public required string DataDirectory { get; init; }

    /// <summary>A loopback address, or null for no metrics.</summary>
    public IPEndPoint? Metrics { get; init; }

    public LogLevel LogLevel { get; init; } = LogLevel.Information;

    /// <summary>Whose login the agent lives by: when that is over, so is the agent. Null for one with a credential of its own.</summary>
    public AgentIdentity? Login { get; init; }

    /// <exception cref="AgentException">Something is missing or wrong; the message names it.</exception>
    /// <param name="provisioned">What a provisioning key was traded for; null where ID and secret are given.</param>
    internal static AgentOptions From(SettingValues values, Setting data, TextReader standardInput, AgentCredential? provisioned = null) => new()
    {
        Endpoints = EndpointsFrom(values),
        Id = provisioned?.Id ?? IdFrom(values.Require(AgentSettings.Id)),
        Secret = provisioned?.Secret ?? AgentSecret.From(values, standardInput),
        DataDirectory = Path.GetFullPath(values.Require(data)),
        Metrics = MetricsFrom(values.Get(AgentSettings.Metrics)),
        LogLevel = LevelFrom(values.Require(AgentSettings.Log)),
    };

    /// <exception cref="AgentException">There is none, or one is wrong.</exception>
    internal static List<Uri> EndpointsFrom(SettingValues values)
    {
        values.Require(AgentSettings.Endpoint);
        bool allowHttp = values.IsOn(AgentSettings.AllowHttp);
        return [.. values.List(AgentSettings.Endpoint).Select(text => EndpointFrom(text, allowHttp)).Distinct()];
    }

    /// <summary>The same from a login, which says where Control is and who the agent is.</summary>
    /// <exception cref="AgentException">Something is wrong, or given beside the login.</exception>
    internal static AgentOptions From(SettingValues values, string data, AgentIdentity login) => new()
    {
        Endpoints = [login.Endpoint],
        Id = login.Id,
        Secret = login.Secret,
        DataDirectory = data,
        Metrics = MetricsFrom(values.Get(AgentSettings.Metrics)),
        LogLevel = LevelFrom(values.Require(AgentSettings.Log)),
        Login = login,
    };

    /// <summary>A URL of Control, checked: http only where nobody on the way can listen, or where that is allowed.</summary>
    /// <exception cref="AgentException">It is none, or not safe.</exception>
    public static Uri EndpointFrom(string text, bool allowHttp)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.Host.Length == 0)
            throw new AgentException($"--endpoint '{text}' is not an http or https URL.");
        if (uri.UserInfo.Length > 0 || uri.Query.Length > 0 || uri.Fragment.Length > 0)
            throw new AgentException("--endpoint takes scheme, host, port and path only.");
        if (uri.Scheme == "http" && !uri.IsLoopback && !allowHttp)
            throw new AgentException($"--endpoint {uri.Scheme}://{uri.Authority} would send the secret in the clear: use https, or --allow-http if the network between is trusted.");
        return uri.AbsolutePath.EndsWith('/') ? uri : new Uri(uri.AbsoluteUri + "/");
    }

    /// <exception cref="AgentException">It is none of Control's.</exception>
    internal static string IdFrom(string text) =>
        text.Length <= 128 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')
            ? text
            : throw new AgentException("--id is not an identifier that Control gave out (letters, digits, '-', '_', '.').");

    private static IPEndPoint? MetricsFrom(string? text)
    {
        if (text is null)
            return null;
        if (!text.Contains(':', StringComparison.Ordinal) || !IPEndPoint.TryParse(text, out var endpoint))
            throw new AgentException($"--metrics '{text}' is not ADDR:PORT.");
        return IPAddress.IsLoopback(endpoint.Address) ? endpoint : throw new AgentException($"--metrics {text} is not on loopback: metrics are served to this machine only.");
    }

    /// <exception cref="AgentException">There is no such level.</exception>
    public static LogLevel LevelFrom(string text) => text.ToUpperInvariant() switch
    {
        "TRACE" => LogLevel.Trace,
        "DEBUG" => LogLevel.Debug,
        "INFORMATION" or "INFO" => LogLevel.Information,
        "WARNING" or "WARN" => LogLevel.Warning,
        "ERROR" => LogLevel.Error,
        "NONE" => LogLevel.None,
        _ => throw new AgentException($"--log '{text}' is not one of trace, debug, information, warning, error, none."),
    };
}
