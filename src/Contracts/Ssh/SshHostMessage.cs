using System.Text.Json.Serialization;

namespace Keyhole.Contracts;

/// <summary>What the auth daemon of a host has shown; sent when a connection opens and when it changes.</summary>
/// <param name="Resource">The <see cref="SshRow.Resource"/>.</param>
/// <param name="HostKeys">Public keys of the host's SSH server in the form of authorized_keys, without comment.</param>
/// <param name="Trusted">Those of <see cref="SshRow.Trusted"/> that are in force on the host.</param>
/// <param name="Pin">Of an external daemon that has proven that it knows the pre-shared key: its <see cref="SshDaemon.Pin"/>.</param>
/// <param name="Error">Null, or why the daemon cannot be used: one line.</param>
public sealed record SshHostMessage(
    int Resource,
    IReadOnlyList<string> HostKeys,
    IReadOnlyList<string> Trusted,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Pin = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Error = null) : AgentMessage;
