using System.Text.Json.Nodes;

namespace Keyhole.Control;

/// <summary>How people log in to a resource by SSH; every member may be left out.</summary>
internal sealed record SshInput
{
    /// <summary>"connector": it runs on the host itself. "external": the host has its own auth daemon.</summary>
    public string? Daemon { get; init; }

    /// <summary>TCP, of an external daemon.</summary>
    public int? Port { get; init; }

    /// <summary>SHA-256 of the SubjectPublicKeyInfo of an external daemon's certificate, in base64.</summary>
    public string? Pin { get; init; }

    /// <summary>"none", "full", or a list of commands with their paths from the root.</summary>
    public JsonNode? Sudo { get; init; }

    /// <summary>Supplementary groups that exist on the host.</summary>
    public IReadOnlyList<string>? Groups { get; init; }

    public string? Shell { get; init; }

    /// <summary>The directory of home directories.</summary>
    public string? Home { get; init; }

    public static SshInput? Of(SshSettings? settings) => settings is null ? null : new SshInput
    {
        Daemon = settings.External ? "external" : "connector",
        Port = settings.External ? settings.Port : null,
        Pin = settings.Pin,
        Sudo = settings.Sudo switch
        {
            SshSudoMode.Commands => new JsonArray([.. settings.SudoCommands.Select(command => JsonValue.Create(command))]),
            SshSudoMode.Full => "full",
            _ => "none",
        },
        Groups = [.. settings.Groups],
        Shell = settings.Shell,
        Home = settings.Home,
    };
}
