using System.Buffers.Text;
using System.Security.Cryptography;

namespace Keyhole.Control;

/// <summary>
/// A secret that says which one it is: "kha_ID_SECRET". The ID finds the row, of which the hash is then compared in fixed time
/// (<see cref="AgentSecret"/>). The secret is 256 random bits.
/// </summary>
internal readonly record struct KeyToken(string Id, string Secret)
{
    private const int IdLength = 12;
    private const int SecretLength = 32;
    private const string IdLetters = "abcdefghijkmnpqrstuvwxyz23456789";

    public string Hash => AgentSecret.Hash(Id, Secret);

    public static KeyToken New() => new(RandomNumberGenerator.GetString(IdLetters, IdLength), Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretLength)));

    /// <param name="prefix">"kha_": of the kind of key that is expected.</param>
    public static KeyToken? Parse(string token, string prefix) =>
        token.StartsWith(prefix, StringComparison.Ordinal) && token.Length > prefix.Length + IdLength && token[prefix.Length + IdLength] == '_'
            ? new KeyToken(token.Substring(prefix.Length, IdLength), token[(prefix.Length + IdLength + 1)..])
            : null;

    /// <summary>Takes the same time where there is no hash.</summary>
    public bool Matches(string? hash) => AgentSecret.Matches(hash ?? AgentSecret.Hash("", ""), Id, Secret) && hash is not null;

    public string ToText(string prefix) => $"{prefix}{Id}_{Secret}";

    /// <summary>The secret is no part of what a log or a debugger shows.</summary>
    public override string ToString() => Id;
}
