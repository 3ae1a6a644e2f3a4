using System.Text;
using System.Text.RegularExpressions;
using Keyhole.Cryptography;

namespace Keyhole.System.Tests;

/// <summary>Looks for a pre-shared key, for private keys in files' clothes, and for the one private key that belongs to a public key: as bytes, in base64 and in hexadecimal.</summary>
internal sealed partial class SecretSearch(string preSharedKey, byte[] publicKey)
{
    private const int SeedLength = 32;

    /// <summary>The texts that are in no place where secrets are not: the pre-shared key, and the beginning of a private key's file.</summary>
    public IEnumerable<string> Texts(byte[] bytes)
    {
        foreach (string text in new[] { preSharedKey, Convert.ToBase64String(Encoding.ASCII.GetBytes(preSharedKey)), "OPENSSH PRIVATE KEY" })
            if (bytes.AsSpan().IndexOf(Encoding.ASCII.GetBytes(text)) >= 0)
                yield return text;
    }

    /// <summary>Whether the private key's 32 bytes are among these.</summary>
    public bool HoldsKey(byte[] bytes)
    {
        if (HoldsSeed(bytes))
            return true;
        string text = Encoding.Latin1.GetString(bytes);
        foreach (Match run in Base64Run().Matches(text))
            for (int start = 0; start < 4; start++)
                if (HoldsSeed(Convert.FromBase64String(run.Value.Substring(start, (run.Length - start) / 4 * 4))))
                    return true;
        foreach (Match run in HexadecimalRun().Matches(text))
            for (int start = 0; start < 2; start++)
                if (HoldsSeed(Convert.FromHexString(run.Value.AsSpan(start, (run.Length - start) / 2 * 2))))
                    return true;
        return false;
    }

    private bool HoldsSeed(byte[] bytes)
    {
        for (int start = 0; start + SeedLength <= bytes.Length; start++)
        {
            var window = bytes.AsSpan(start, SeedLength);
            if (!IsRandom(window))
                continue;
            using var key = new Ed25519PrivateKey(window);
            if (key.PublicKey.SequenceEqual(publicKey))
                return true;
        }

        return false;
    }

    /// <summary>False for what 32 random bytes are not in a million million years: text, and mostly nothing.</summary>
    private static bool IsRandom(ReadOnlySpan<byte> window) => window.ContainsAnyExceptInRange((byte)' ', (byte)'~') && window.Count((byte)0) < 9;

    [GeneratedRegex("[A-Za-z0-9+/]{46,}")]
    private static partial Regex Base64Run();

    [GeneratedRegex("[A-Fa-f0-9]{65,}|[A-Fa-f0-9]{64}")]
    private static partial Regex HexadecimalRun();
}
