using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Keyhole.Control;

/// <summary>
/// Time-based one-time passwords (RFC 6238) with HMAC-SHA-1, 30 s and six digits: what every authenticator app takes.
/// </summary>
internal static class Totp
{
    public const int SecretLength = 20;
    public const int Digits = 6;

    /// <summary>Clocks of phones differ by less than a step (section 5.2).</summary>
    private const int Tolerance = 1;

    private static readonly TimeSpan Step = TimeSpan.FromSeconds(30);

    public static byte[] NewSecret() => RandomNumberGenerator.GetBytes(SecretLength);

    /// <summary>The number of the time step of an instant: T in section 4.2.</summary>
    public static long StepAt(DateTimeOffset now) => now.ToUnixTimeSeconds() / (long)Step.TotalSeconds;

    /// <summary>The code of a time step (RFC 4226 section 5.3).</summary>
    [SuppressMessage("Security", "CA5350", Justification = "RFC 4226 says HMAC-SHA-1, and the apps calculate nothing else; it needs no resistance to collisions.")]
    public static string Code(ReadOnlySpan<byte> secret, long step, int digits = Digits)
    {
        Span<byte> counter = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(counter, step);
        Span<byte> hash = stackalloc byte[HMACSHA1.HashSizeInBytes];
        HMACSHA1.HashData(secret, counter, hash);
        int value = BinaryPrimitives.ReadInt32BigEndian(hash[(hash[^1] & 15)..]) & int.MaxValue;
        return (value % (int)Math.Pow(10, digits)).ToString(CultureInfo.InvariantCulture).PadLeft(digits, '0');
    }

    /// <summary>The time step that a code belongs to: the present one or a neighbour, and newer than the last that was used.</summary>
    /// <param name="lastStep">The step of the last code that was taken; each is taken once.</param>
    /// <returns>The step to remember; null when the code is wrong or used.</returns>
    public static long? Match(ReadOnlySpan<byte> secret, string code, DateTimeOffset now, long lastStep)
    {
        byte[] given = Encoding.UTF8.GetBytes(code.Replace(" ", "", StringComparison.Ordinal));
        long present = StepAt(now);
        long? match = null;
        for (long step = present - Tolerance; step <= present + Tolerance; step++)
        {
            bool equal = CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(Code(secret, step)), given);
            if (equal && step > lastStep)
                match ??= step;
        }

        return match;
    }

    /// <summary>What the QR code for authenticator apps holds.</summary>
    public static string Uri(ReadOnlySpan<byte> secret, string issuer, string account) =>
        $"otpauth://totp/{System.Uri.EscapeDataString(issuer)}:{System.Uri.EscapeDataString(account)}?secret={Base32.Encode(secret)}&issuer={System.Uri.EscapeDataString(issuer)}";
}
