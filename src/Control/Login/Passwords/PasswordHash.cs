using System.Globalization;
using System.Text.RegularExpressions;

namespace Keyhole.Control;

/// <summary>A hash with its salt and parameters, in the PHC string format: $argon2id$v=19$m=65536,t=3,p=1$salt$hash.</summary>
internal sealed partial record PasswordHash(PasswordParameters Parameters, byte[] Salt, byte[] Output)
{
    /// <summary>No stored text makes the server take more memory than this.</summary>
    private const int MaximumMemoryKibibytes = 1024 * 1024;

    public static PasswordHash? Parse(string text)
    {
        var match = Pattern().Match(text);
        if (!match.Success)
            return null;
        var parameters = new PasswordParameters(Number(match, "m"), Number(match, "t"));
        return parameters.MemoryKibibytes is < 8 or > MaximumMemoryKibibytes || parameters.PassCount is < 1 or > 64
            ? null
            : new PasswordHash(parameters, Unpadded(match.Groups["salt"].Value), Unpadded(match.Groups["hash"].Value));
    }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"$argon2id$v=19$m={Parameters.MemoryKibibytes},t={Parameters.PassCount},p=1${Convert.ToBase64String(Salt).TrimEnd('=')}${Convert.ToBase64String(Output).TrimEnd('=')}");

    private static int Number(Match match, string group) => int.Parse(match.Groups[group].ValueSpan, CultureInfo.InvariantCulture);

    private static byte[] Unpadded(string text) => Convert.FromBase64String(text.PadRight((text.Length + 3) / 4 * 4, '='));

    [GeneratedRegex(@"^\$argon2id\$v=19\$m=(?<m>[0-9]{1,8}),t=(?<t>[0-9]{1,3}),p=1\$(?<salt>[A-Za-z0-9+/]{22})\$(?<hash>[A-Za-z0-9+/]{43})\z")]
    private static partial Regex Pattern();
}
