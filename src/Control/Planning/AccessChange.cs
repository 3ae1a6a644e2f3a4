using System.Text.Json.Serialization;

namespace Keyhole.Control;

/// <summary>What a plan means to one user, machine or external client; resources by name.</summary>
/// <param name="Changes">Resources that stay, but at another destination, site or alias, or with other ports.</param>
internal sealed record AccessChange(
    string Kind,
    string Client,
    IReadOnlyList<string> Gains,
    IReadOnlyList<string> Loses,
    IReadOnlyList<string> Changes)
{
    /// <summary>Resources that are lost, and those of which a part is: another place, or fewer ports.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> Revoked { get; init; } = [];
}
