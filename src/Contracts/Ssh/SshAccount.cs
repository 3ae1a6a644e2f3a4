using System.Text.Json.Serialization;

namespace Keyhole.Contracts;

/// <summary>An account that stands ready.</summary>
/// <param name="Name">Its name on the host.</param>
/// <param name="Principal">What a certificate must name to be let in to it: bound to the organisation, the resource, the host and the account.</param>
/// <param name="SealedPassword">Base64 of what only the holder of <see cref="SshAccountOrder.PasswordKey"/> opens; null where none was asked for.</param>
public sealed record SshAccount(
    string Name,
    string Principal,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? SealedPassword = null);
