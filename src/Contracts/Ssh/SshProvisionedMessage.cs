using System.Text.Json.Serialization;

namespace Keyhole.Contracts;

/// <summary>The answer to <see cref="SshProvisionMessage"/>: one of <paramref name="Account"/> and <paramref name="Error"/> is null.</summary>
/// <param name="Error">One line for the person who wants to log in: what is wrong and what to do.</param>
public sealed record SshProvisionedMessage(
    long Request,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] SshAccount? Account = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Error = null) : AgentMessage;
