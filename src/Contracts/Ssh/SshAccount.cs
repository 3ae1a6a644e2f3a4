using System.Globalization;
using System.Text.Json.Serialization;

namespace Keyhole.Contracts;

/// <summary>An account that stands ready.</summary>
/// <param name="Name">Its name on the host.</param>
/// <param name="Principal">What a certificate must name to be let in to it: bound to the organisation, the resource, the host and the account.</param>
/// <param name="SealedPassword">Base64 of what only the holder of <see cref="SshAccountOrder.PasswordKey"/> opens; null where none was asked for.</param>
public sealed record SshAccount(
    string Name,
    string Principal,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? SealedPassword = null)
{
    public const int MaximumNameLength = 32;

    /// <summary>Whether a name is one that every program of a host reads as one plain word (useradd(8)): a to z, digits, '_' and '-', no digit or '-' first.</summary>
    public static bool IsName(string name) =>
        name is { Length: > 0 and <= MaximumNameLength } && name[0] is (>= 'a' and <= 'z') or '_' && name.All(letter => letter is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '_' or '-');

    /// <summary>The name itself for 1, else with the number behind it, shortened where that is needed.</summary>
    public static string Numbered(string name, int number)
    {
        ArgumentNullException.ThrowIfNull(name);
        string suffix = number == 1 ? "" : number.ToString(CultureInfo.InvariantCulture);
        int room = MaximumNameLength - suffix.Length;
        return $"{(name.Length <= room ? name : name[..room])}{suffix}";
    }
}
