using System.Security.Cryptography;

namespace Keyhole.Cryptography;

/// <summary>Comparison whose duration depends on the lengths alone.</summary>
public static class FixedTime
{
    public static bool Equals(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right) => CryptographicOperations.FixedTimeEquals(left, right);
}
