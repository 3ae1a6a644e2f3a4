using System.Security.Cryptography;
using System.Text;
using Keyhole.Cryptography;

namespace Keyhole.SshHost;

/// <summary>What connector and daemon were both given. It has no text form but the one header.</summary>
internal sealed class PreSharedKey
{
    public const int MinimumLength = 24;
    private const int MaximumLength = 512;
    private const string Scheme = "Bearer ";

    private readonly string _value;
    private readonly byte[] _digest;

    /// <param name="source">For the message: where it comes from.</param>
    /// <exception cref="AuthDaemonException">It is too short, too long, or holds what a header cannot.</exception>
    public PreSharedKey(string value, string source)
    {
        _value = value.Trim();
        if (_value.Length < MinimumLength)
            throw new AuthDaemonException($"The pre-shared key from {source} is too short: at least {MinimumLength} characters, such as 'openssl rand -base64 33' makes.");
        if (_value.Length > MaximumLength || !_value.All(letter => letter is > ' ' and <= '~'))
            throw new AuthDaemonException($"The pre-shared key from {source} is longer than {MaximumLength} characters, or holds others than printable ASCII without spaces.");
        _digest = SHA256.HashData(Encoding.ASCII.GetBytes(_value));
    }

    /// <summary>For the request header alone.</summary>
    public string Authorization => Scheme + _value;

    /// <summary>Takes as long for every header of a length.</summary>
    public bool Matches(string authorization) =>
        authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
        && FixedTime.Equals(SHA256.HashData(Encoding.UTF8.GetBytes(authorization[Scheme.Length..])), _digest);

    /// <summary>Shows that whoever has the private key of a certificate has this key too.</summary>
    /// <param name="subject">The certificate's SubjectPublicKeyInfo in DER.</param>
    /// <returns>32 bytes.</returns>
    public byte[] Prove(ReadOnlySpan<byte> subject) => HMACSHA256.HashData(Encoding.ASCII.GetBytes(_value), (byte[])[.. "keyhole auth daemon"u8, .. subject]);
}
